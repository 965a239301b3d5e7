"""How well a run learnt, relative to the best constant prediction.

Rules that say "poor" ask here, so that all of them mean the same: the share of
the trivial predictor's loss that training removed.  The measure does not
change when the loss is rescaled, and needs no number from the user.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.trace.model import Floats, Trace

# Share of the run, at its end, over which the outcome is averaged.
END_SHARE = 0.25
# A run below this skill has hardly learnt (unit: share of the trivial loss removed).
POOR_SKILL = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What training achieved.

    Args:
        skill: 1 - final loss / loss of the best constant prediction; at most 1,
            negative when worse than constant, NaN when no loss function was
            recognised.
        lift: accuracy above the majority share, over what is left above it
            (0 = majority, 1 = perfect); NaN when there are no classes.
        drop: 1 - final loss / first loss, for any loss that is positive; NaN otherwise.
        final: mean training loss over the last quarter.
        first: mean loss of the first steps.
        nonfinite: the loss was NaN or infinite at the end.
    """

    skill: float
    lift: float
    drop: float
    final: float
    first: float
    nonfinite: bool

    @property
    def poor(self) -> bool:
        """Hardly better than a constant prediction (or than the start, for unknown losses)."""
        if self.nonfinite:
            return True
        if np.isfinite(self.skill):
            if np.isfinite(self.lift):
                return max(self.skill, self.lift) < POOR_SKILL
            return self.skill < POOR_SKILL
        if np.isfinite(self.drop):
            return self.drop < POOR_SKILL
        return False


def outcome(trace: Trace) -> Outcome:
    """Judge the end of the run (its last quarter)."""
    loss = trace.step_signal("loss")
    if len(loss) == 0:
        return Outcome(np.nan, np.nan, np.nan, np.nan, np.nan, False)
    stop = int(loss.steps[-1] + loss.counts[-1])
    start = int(loss.steps[0])
    tail_from = stop - max(int((stop - start) * END_SHARE), 1)
    tail = loss.between(tail_from, stop)
    if len(tail) == 0:
        tail = loss.between(int(loss.steps[-1]), stop)
    head = loss.between(start, start + max(min(5, stop - start), 1))
    final, first = _mean(tail.mean), _mean(head.mean)
    last_bad = bool(len(tail) and tail.nonfinite[-1] > 0 and not np.isfinite(tail.mean[-1]))
    drop = 1 - final / first if first > 0 and final >= 0 else np.nan
    return Outcome(
        skill=_skill(trace, tail_from),
        lift=_lift(trace, tail_from),
        drop=float(drop),
        final=final,
        first=first,
        nonfinite=last_bad,
    )


def _skill(trace: Trace, tail_from: int) -> float:
    criterion, trivial = trace.sampled("criterion"), trace.sampled("trivial")
    best = np.nan
    for place in criterion.places:
        if place not in trivial.places:
            continue
        reached = _tail(criterion.steps, criterion.column(place), tail_from)
        reference = _last_finite(trivial.column(place))
        if np.isfinite(reached) and reference > 0:
            best = np.fmax(best, 1 - reached / reference)
    return float(best)


def _lift(trace: Trace, tail_from: int) -> float:
    accuracy, majority = trace.sampled("accuracy"), trace.sampled("majority")
    best = np.nan
    for place in accuracy.places:
        if place not in majority.places:
            continue
        reached = _tail(accuracy.steps, accuracy.column(place), tail_from)
        floor = _last_finite(majority.column(place))
        if np.isfinite(reached) and floor < 1:
            best = np.fmax(best, (reached - floor) / (1 - floor))
    return float(best)


def _tail(steps: np.ndarray, values: Floats, tail_from: int) -> float:
    """Mean of the finite values sampled in the tail, or of the last three samples."""
    finite = np.isfinite(values)
    late = finite & (steps >= tail_from)
    chosen = values[late] if late.any() else values[finite][-3:]
    return _mean(chosen)


def _last_finite(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else float("nan")


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
