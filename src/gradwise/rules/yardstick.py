"""What a run reached beside what simple models reach on the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.rules.learning import outcome, signed
from gradwise.trace.model import Floats, Trace

# Median relative difference up to which criterion and loss are one (a policy term beside it: 0.1 and more).
ALIKE = 0.03
# Skill or lift that dropout may cost in training passes; ours.
DROPOUT = 0.2


@dataclass(frozen=True, slots=True)
class Yardstick:
    """One simple model and the network on the same scale.

    Args:
        place: the loss function.
        simple: skill (numbers) or lift (classes) of the simple model, on rows it had not learnt.
        error: its standard error.
        reached: the same of the network, the best of its training and its evaluations.
        rows: distinct rows that the simple model was judged on.
        since: step at which that was known.
        classes: both numbers are lifts of accuracy.
        allowance: by how much dropout may hold the network's number down, where no evaluation tells.
    """

    place: str
    simple: float
    error: float
    reached: float
    rows: int
    since: int
    classes: bool
    allowance: float


def yardsticks(trace: Trace, signal: str, error: str) -> list[Yardstick]:
    """One for every loss function that the simple model was judged on, as judged last."""
    found: list[Yardstick] = []
    table, errors, rows = trace.sampled(signal), trace.sampled(error), trace.sampled("reference_rows")
    result = outcome(trace)
    if result.opposing or signed(trace.step_signal("loss")):
        return found
    for place in table.places:
        column = table.column(place)
        known = np.flatnonzero(np.isfinite(column))
        if not len(known) or place not in errors.places or place not in rows.places:
            continue
        if not _whole(trace, place):
            continue
        at = int(known[-1])
        classes = _has(trace, "accuracy", place)
        mine = result.lift if classes else result.skill
        evaluated = _evaluated(trace, place, classes)
        best = np.fmax(mine, evaluated)
        allowance = DROPOUT if _drops(trace) and np.isnan(evaluated) else 0.0
        if np.isfinite(best):
            values = (float(column[at]), float(errors.column(place)[at]), float(best))
            found.append(
                Yardstick(
                    place, *values, int(rows.column(place)[at]), int(table.steps[at]), classes, allowance
                )
            )
    return found


def _drops(trace: Trace) -> bool:
    return any("Dropout" in module.type for module in trace.modules)


def _whole(trace: Trace, place: str) -> bool:
    """Whether that criterion is all that is trained, up to a factor; else it need not get low."""
    criterion, loss = trace.sampled("criterion"), trace.step_signal("loss")
    if place not in criterion.places or (loss.counts > 1).any():
        return place in criterion.places
    _, here, there = np.intersect1d(criterion.steps, loss.steps, return_indices=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = criterion.column(place)[here] / loss.mean[there]
    factors = factors[np.isfinite(factors)]
    if not len(factors):
        return False
    middle = float(np.median(factors))
    return bool(np.median(np.abs(factors - middle)) <= ALIKE * abs(middle))


def _evaluated(trace: Trace, place: str, classes: bool) -> float:
    """Skill or lift of the best evaluation of that loss; NaN where there was none."""
    table = trace.sampled("val_accuracy" if classes else "val_loss")
    reference = _last(trace, "majority" if classes else "trivial", place)
    scores: list[float] = []
    for label in table.places:
        column = table.column(label)
        column = column[np.isfinite(column)]
        if label.split(" ")[0] != place or not len(column):
            continue
        if classes and reference < 1:
            scores.append((float(column.max()) - reference) / (1 - reference))
        if not classes and reference > 0:
            scores.append(1 - float(column.min()) / reference)
    return max(scores, default=float("nan"))


def _has(trace: Trace, signal: str, place: str) -> bool:
    table = trace.sampled(signal)
    return place in table.places and bool(np.isfinite(table.column(place)).any())


def _last(trace: Trace, signal: str, place: str) -> float:
    table = trace.sampled(signal)
    column: Floats = table.column(place) if place in table.places else np.zeros(0)
    column = column[np.isfinite(column)]
    return float(column[-1]) if len(column) else float("nan")
