"""What the probe `rate` found: how far the loss falls with the rate used, and with smaller ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradwise.trace.model import Trace


@dataclass(frozen=True, slots=True)
class Trial:
    """One state from which the probe tried several rates over the batches that were kept.

    Args:
        before: mean loss of these batches in that state.
        own: loss after some steps with the rate used; infinite where it was no number.
        lower: the same with the best of the smaller rates.
        factor: that rate over the one used.
        steps: steps of each trial.
    """

    before: float
    own: float
    lower: float
    factor: float
    steps: int

    @property
    def own_fall(self) -> float:
        """Share of the loss that the rate used removed; below zero where the loss rose."""
        return (self.before - self.own) / self.before

    @property
    def lower_fall(self) -> float:
        """Share of the loss that the smaller rate removed."""
        return (self.before - self.lower) / self.before


def tried_rates(trace: Trace) -> Mapping[str, Trial]:
    """The states ``now`` (late in the run) and ``start`` (first weights), as far as the probe could try them.

    >>> from gradwise.trace.model import Fact
    >>> seen = {"now": {"before": 2.0, "after": {"0.1": 1.0, "0.3": 1.5, "1": None}, "steps": 40}}
    >>> fact = Fact(9, "probe", "rate", {"status": "answered", "measured": seen})
    >>> tried_rates(Trace(facts=(fact,)))["now"]
    Trial(before=2.0, own=inf, lower=1.0, factor=0.1, steps=40)
    """
    answers = [fact.data for fact in trace.facts_of("probe") if fact.where == "rate"]
    measured: Mapping[str, Any] = (answers[-1].get("measured") or {}) if answers else {}
    trials = {word: _trial(measured[word]) for word in ("now", "start") if word in measured}
    return {word: trial for word, trial in trials.items() if trial is not None}


def _trial(seen: Mapping[str, Any]) -> Trial | None:
    before = float(seen.get("before") or math.nan)
    after = {float(factor): _number(loss) for factor, loss in (seen.get("after") or {}).items()}
    smaller = [factor for factor in after if factor < 1]
    if not before > 0 or not math.isfinite(before) or 1.0 not in after or not smaller:
        return None
    best = min(smaller, key=lambda factor: after[factor])
    return Trial(before, after[1.0], after[best], best, int(seen.get("steps", 0)))


def _number(loss: float | None) -> float:
    """A loss as the probe tells it: None is none that is finite."""
    return math.inf if loss is None else float(loss)
