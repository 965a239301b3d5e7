"""One model on one fold: settings searched within its training rows, fitted, scored on its test rows."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.baselines.baseline import Baseline, Case
from gradwise.baselines.features import Features
from gradwise.baselines.folds import INNER, Order, sample, split_folds
from gradwise.baselines.scoring import Metric
from gradwise.data.examples import Array
from gradwise.errors import UsageError

FAULTS = (ValueError, ArithmeticError, MemoryError, np.linalg.LinAlgError)  # of rows that a model cannot take


@dataclass(frozen=True, slots=True)
class Contender:
    """A model with the options under which it is compared.

    Args:
        name: as it is shown.
        model: what it is.
        options: given; they are not searched.
    """

    name: str
    model: Baseline
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One fold, ready to be learnt from.

    Args:
        features: of training and test rows.
        target: of the training rows, (N,) or (N, K).
        truth: of the test rows.
        order: of the training rows.
        case: what models are told of the training rows.
        metric: by which settings are chosen and the test rows scored.
    """

    features: Features
    target: Array
    truth: Array
    order: Order
    case: Case
    metric: Metric


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of a fold is used.

    Args:
        rows: training rows that the model is fitted to, at most; 0: all, however many a fold has.
        search_rows: of them those on which settings are compared, at most; 0: all.
        settings: how many are compared at most.
    """

    rows: int = 0
    search_rows: int = 0
    settings: int = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model came to on a fold.

    Args:
        score: on the test rows; NaN where undefined.
        setting: chosen.
        rows: learnt from.
        seconds: taken.
        tried: settings compared.
        of: settings that there are.
        stopped: the time was up before all settings of the plan were compared.
        restless: the solver had not come to rest.
    """

    score: float
    setting: dict[str, Any]
    rows: int
    seconds: float = 0.0
    tried: int = 1
    of: int = 1
    stopped: bool = False
    restless: bool = False
    notes: tuple[str, ...] = field(default=())


def fit(contender: Contender, part: Part, setting: Mapping[str, Any], rows: Array | None = None) -> Any:
    """The model with a setting, fitted to some training rows (all when None), scaled by these alone."""
    taken, target = part.features.train, part.target
    if rows is not None and len(rows) < len(target):
        taken, target = taken[rows], target[rows]
    return pipeline(contender.model, part.case, part.features, setting).fit(taken, target)


def pipeline(model: Baseline, case: Case, features: Features, setting: Mapping[str, Any]) -> Any:
    """The model behind the scaling that its features need."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    estimator = model.build(case, **setting)
    if case.kind == "labels":
        estimator = OneVsRestClassifier(estimator)
    if model.blind:
        return estimator
    if features.words:
        return estimator if model.raw_words else make_pipeline(TfidfTransformer(), estimator)
    if not features.numbers or features.flags:
        return estimator
    if features.numbers == features.columns:
        return make_pipeline(StandardScaler(), estimator)
    scaled = ("numbers", StandardScaler(), slice(0, features.numbers))
    return make_pipeline(ColumnTransformer([scaled], remainder="passthrough"), estimator)


def run(contender: Contender, part: Part, plan: Plan, stop: Callable[[float], bool]) -> Trial:
    """Search, fit, score.

    Args:
        contender: which model.
        part: the fold.
        plan: how much of it.
        stop: called with the seconds that a setting took, tells whether there is time for no further one.

    Raises:
        ValueError: rows that the model cannot take, as scikit-learn tells it; other of `FAULTS` too.
    """
    settings = contender.model.settings(part.case, contender.options)
    held = len(part.target)
    rows = sample(held, plan.rows or held, part.order.strata, part.case.seed)
    with warnings.catch_warnings(record=True) as heard, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        setting, tried = search(
            contender, part, settings[: plan.settings], rows, plan.search_rows or held, stop
        )
        heard.clear()  # what solvers said of settings that were not chosen
        fitted = fit(contender, part, setting, rows)
        score = part.metric.score(fitted, part.features.test, part.truth)
    restless = any(_unfinished(warning) for warning in heard)
    stopped = tried < min(plan.settings, len(settings))
    return Trial(score, setting, len(rows), 0.0, tried, len(settings), stopped, restless)


def _unfinished(warning: warnings.WarningMessage) -> bool:
    from sklearn.exceptions import ConvergenceWarning

    return issubclass(warning.category, ConvergenceWarning)


def search(
    contender: Contender,
    part: Part,
    settings: Sequence[dict[str, Any]],
    rows: Array,
    count: int,
    stop: Callable[[float], bool],
) -> tuple[dict[str, Any], int]:
    """The best setting within some training rows, and how many were tried.

    Settings are compared by their mean score over `INNER` folds, the first of equals wins, as in
    scikit-learn's GridSearchCV.
    """
    from time import perf_counter

    if len(settings) == 1:
        return settings[0], 1
    chosen = rows[sample(len(rows), count, _strata(part, rows), part.case.seed)]
    try:
        folds, _ = split_folds(part.order.take(chosen), INNER, part.case.seed)
    except UsageError:  # too few rows or groups to search on
        return settings[0], 1
    best, chosen_setting, tried = -math.inf, settings[0], 0
    for setting in settings:
        begin = perf_counter()
        scores = [_inner(contender, part, setting, chosen[fold.train], chosen[fold.test]) for fold in folds]
        tried += 1
        mean = float(np.mean(scores)) * (1 if part.metric.rises else -1)
        if mean > best:
            best, chosen_setting = mean, setting
        if stop(perf_counter() - begin):
            break
    return chosen_setting, tried


def _strata(part: Part, rows: Array) -> Array | None:
    return None if part.order.strata is None else part.order.strata[rows]


def _inner(contender: Contender, part: Part, setting: Mapping[str, Any], train: Array, test: Array) -> float:
    """Score of a setting on a part of the training rows; NaN where it cannot be fitted."""
    try:
        model = fit(contender, part, setting, train)
        return part.metric.score(model, part.features.train[test], part.target[test])
    except FAULTS:
        return math.nan
