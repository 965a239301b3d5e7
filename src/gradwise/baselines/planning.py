"""How many rows and settings a model can have in its share of the time, by trying it on a few rows first."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from gradwise.baselines.folds import INNER, sample
from gradwise.baselines.trial import Contender, Part, Plan, fit

WHOLE = 500  # rows; as many or fewer are taken whole, without a try
PILOT = 200  # rows of the first try
WARM_UP = 50  # rows of a fit that is not measured
GROWTH = 4  # rows of a further try over those of the one before
FURTHER = 0.2  # share of a fold's time that a further try may take, once
# Rows on which settings are compared, at most; the first that the time allows.
SEARCH_ROWS = (10_000, 3_000, 1_000, 300)
FEWER = 0.75  # rows of a plan over those of the one before it that took too long
LEAST = 200  # rows that a plan has at least
ASKED = 1_000  # test rows of a try


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fit and a prediction took.

    Args:
        rows: learnt from.
        fit: seconds.
        predict: seconds for one row.
        fit_power: seconds of a fit grow with rows to this power.
        predict_power: seconds of a prediction grow with the rows learnt from to this power.
    """

    rows: int
    fit: float
    predict: float
    fit_power: float
    predict_power: float

    def seconds(self, rows: int, asked: int) -> float:
        """Of learning from ``rows`` and predicting ``asked``."""
        growth = rows / self.rows
        return float(self.fit * growth**self.fit_power + asked * self.predict * growth**self.predict_power)


def make_plan(contender: Contender, part: Part, seconds: float) -> tuple[Plan, str]:
    """A plan that takes about ``seconds`` on this fold, and a clause where it leaves something out.

    Raises:
        ValueError: rows that the model cannot take, as scikit-learn tells it.
    """
    held = len(part.target)
    able = min(held, contender.model.most_rows(part.case))
    count = len(contender.model.settings(part.case, contender.options))
    if able <= WHOLE:
        return Plan(able if able < held else 0, 0, count), ""
    cost = try_out(contender, part, PILOT)
    while cost.rows * GROWTH < able and cost.seconds(cost.rows * GROWTH, ASKED) < FURTHER * seconds:
        cost = try_out(contender, part, cost.rows * GROWTH)
    plan, told = fitting(cost, able, count, len(part.truth), seconds)
    whole = Plan(
        0 if plan.rows == held else plan.rows,
        0 if plan.search_rows == plan.rows else plan.search_rows,
        plan.settings,
    )
    return whole, told


def try_out(contender: Contender, part: Part, rows: int) -> Cost:
    """Measure a fit with the usual setting."""
    model, case = contender.model, part.case
    setting = model.settings(case, contender.options)[0]
    some = sample(len(part.target), rows, part.order.strata, case.seed)
    asked = min(ASKED, len(part.truth))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit(
            contender, part, setting, some[:: max(1, len(some) // WARM_UP)]
        )  # imports, and first of all calls
        begin = perf_counter()
        fitted = fit(contender, part, setting, some)
        middle = perf_counter()
        fitted.predict(part.features.test[:asked])
        end = perf_counter()
    # what many rows bring about, a linear solver, costs in proportion to them
    power = 1.0 if model.variant(case, setting) else model.fit_power
    predict_power = 0.0 if model.variant(case, setting) else model.predict_power
    return Cost(len(some), middle - begin, (end - middle) / asked, power, predict_power)


def fitting(cost: Cost, able: int, settings: int, asked: int, seconds: float) -> tuple[Plan, str]:
    """The most rows, and then the most rows to search on, that stay within ``seconds``.

    >>> fitting(Cost(1000, 1.0, 0.0, 1.0, 0.0), 8000, 1, 100, seconds=4.0)[0]
    Plan(rows=3375, search_rows=3375, settings=1)
    """
    rows: float = able
    while rows >= LEAST:
        for most in SEARCH_ROWS if settings > 1 else SEARCH_ROWS[:1]:
            plan = Plan(int(rows), min(int(rows), most) if settings > 1 else int(rows), settings)
            if planned(cost, plan, asked) <= seconds:
                return plan, _told(plan, able)
        rows *= FEWER
    return Plan(min(LEAST, able), min(LEAST, able), 1), "the time allows the usual setting alone"


def planned(cost: Cost, plan: Plan, asked: int) -> float:
    """Seconds that a plan takes on a fold."""
    once = cost.seconds(plan.rows, asked)
    if plan.settings == 1:
        return once
    inner = cost.seconds(plan.search_rows * (INNER - 1) // INNER, plan.search_rows // INNER)
    return once + plan.settings * INNER * inner


def _told(plan: Plan, able: int) -> str:
    if plan.search_rows < min(plan.rows, able):
        return f"settings compared on {plan.search_rows:,} rows"
    return ""


Planner = Callable[[Contender, Part, float], tuple[Plan, str]]
