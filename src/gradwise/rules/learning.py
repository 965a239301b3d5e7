"""How well a run learnt, relative to the best constant prediction.

Rules that say "poor" ask here, so that all of them mean the same: the share of
the trivial predictor's loss that training removed.  The measure does not
change when the loss is rescaled, and needs no number from the user.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.trace.model import Floats, Ints, Series, Trace

# Share of the run, at its end, over which the outcome is averaged.
END_SHARE = 0.25
# Finite values of the loss, at its beginning, over which its first level is averaged.
FIRST_STEPS = 5
# A run below this skill has hardly learnt (unit: share of the trivial loss removed).
POOR_SKILL = 0.2
# A loss that is no better than a constant's, and no lower than at the start, shows that nothing was learnt.
UNMOVED = 0.02
# ... unless the answers tell classes apart (unit: lift): a loss on a small scale may still be far from zero.
TOLD_APART = 0.4
# A run above this skill learns as it should, whatever else is odd about it.
GOOD_SKILL = 0.5
# A loss that is negative in more than this share of buckets has no fixed floor to fall to.
SIGNED_SHARE = 0.01
# Samples of a loss whose targets never vary within a batch (real or fake): adversarial training.
ONE_LABEL_SHARE = 0.5
# Largest relative difference at which loss and criterion count as proportional (bf16 rounding).
PROPORTIONAL = 0.02
# Answers from which an accuracy is taken: of fewer it has a standard error of more than 0.1.
FEWEST_ANSWERS = 24
LATEST = 3  # samples that stand for the tail where none lies in it


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
        opposing: two or more optimizers work against each other (GAN), so that no
            loss needs to fall.
    """

    skill: float
    lift: float
    drop: float
    final: float
    first: float
    nonfinite: bool
    opposing: bool = False

    @property
    def poor(self) -> bool:
        """Hardly better than a constant prediction (or than the start, for unknown losses)."""
        return self._below(POOR_SKILL)

    @property
    def reached(self) -> float:
        """The better of skill and lift; the drop where neither is known; NaN when nothing is."""
        known = [value for value in (self.skill, self.lift) if np.isfinite(value)]
        return max(known) if known else self.drop

    @property
    def good(self) -> bool:
        """Clearly better than a constant prediction; False when nothing is known."""
        return not self.nonfinite and self.reached >= GOOD_SKILL

    def _below(self, limit: float) -> bool:
        if self.nonfinite:
            return True
        if self.opposing:
            return False
        if np.isfinite(self.skill):
            if self.skill < UNMOVED and self.drop < UNMOVED and not self.lift >= TOLD_APART:
                return True  # whatever share of answers happens to be right
            if np.isfinite(self.lift):
                return max(self.skill, self.lift) < limit
            return self.skill < limit
        if np.isfinite(self.drop):
            return self.drop < limit
        return False


def outcome(trace: Trace) -> Outcome:
    """Judge the end of the run (its last quarter)."""
    loss = trace.step_signal("loss")
    if len(loss) == 0:
        return Outcome(np.nan, np.nan, np.nan, np.nan, np.nan, nonfinite=False)
    stop = int(loss.steps[-1] + loss.counts[-1])
    start = int(loss.steps[0])
    tail_from = stop - max(int((stop - start) * END_SHARE), 1)
    tail = loss.between(tail_from, stop)
    if len(tail) == 0:
        tail = loss.between(int(loss.steps[-1]), stop)
    final, first = _mean(tail.mean), _mean(loss.mean[np.isfinite(loss.mean)][:FIRST_STEPS])
    last_bad = bool(len(tail) and tail.nonfinite[-1] > 0 and not np.isfinite(tail.mean[-1]))
    drop = 1 - final / first if first > 0 and final >= 0 and not signed(loss) else np.nan
    return Outcome(
        skill=skill_since(trace, tail_from),
        lift=_lift(trace, tail_from),
        drop=float(drop),
        final=final,
        first=first,
        nonfinite=last_bad,
        opposing=opposing(trace),
    )


def signed(loss: Series) -> bool:
    """Whether the loss goes below zero as a matter of course (policy gradient, WGAN, likelihoods)."""
    low = loss.low[np.isfinite(loss.low)]
    return bool(len(low) and np.mean(low < 0) > SIGNED_SHARE)


def opposing(trace: Trace) -> bool:
    """Whether several optimizers train models against each other.

    Their loss is not recognised at all (hinge, Wasserstein), or its targets are
    one label for a whole batch (real, fake) in most samples.
    """
    if len(trace.facts_of("optimizer")) < 2:
        return False
    spread = trace.sampled("target_std")
    if not len(trace.sampled("criterion")):
        return True
    measured = spread.values[np.isfinite(spread.values)]
    if not len(measured):
        return False
    one_label = measured < 1e-6
    return bool(one_label.mean() >= ONE_LABEL_SHARE)


def skill_since(trace: Trace, tail_from: int) -> float:
    """1 - loss from that step on over the best constant prediction's; NaN for unknown losses."""
    criterion, trivial = trace.sampled("criterion"), trace.sampled("trivial")
    best = np.nan
    for place in criterion.places:
        if place not in trivial.places:
            continue
        reached = _criterion(trace, criterion.steps, criterion.column(place), tail_from)
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
        if _answers(trace, place, tail_from) < FEWEST_ANSWERS:
            continue
        reached = _tail(accuracy.steps, accuracy.column(place), tail_from)
        floor = _last_finite(majority.column(place))
        if np.isfinite(reached) and floor < 1:
            best = np.fmax(best, (reached - floor) / (1 - floor))
    return float(best)


def _answers(trace: Trace, place: str, tail_from: int) -> float:
    """Answers whose accuracy was sampled in the tail; infinite where batches are not known."""
    shapes = [fact.data.get("target_shape") for fact in trace.facts_of("loss-call") if fact.where == place]
    batch = shapes[-1][0] if shapes and shapes[-1] else 0
    table = trace.sampled("accuracy")
    late = np.isfinite(table.column(place)) & (table.steps >= tail_from)
    return float(batch * max(int(late.sum()), LATEST)) if 0 < batch < FEWEST_ANSWERS else np.inf


def _criterion(trace: Trace, steps: Ints, values: Floats, tail_from: int) -> float:
    """The criterion's mean in the tail: from the loss of every step where the two are proportional."""
    loss = trace.step_signal("loss")
    if len(loss) and (loss.counts == 1).all():
        _, here, there = np.intersect1d(steps, loss.steps, return_indices=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            scales = values[here] / loss.mean[there]
        scales = scales[np.isfinite(scales)]
        scale = float(np.median(scales)) if len(scales) else np.nan
        if len(scales) >= 3 and np.abs(scales - scale).max() <= PROPORTIONAL * abs(scale):
            return scale * _mean(loss.mean[loss.steps >= tail_from])
    return _tail(steps, values, tail_from)


def _tail(steps: Ints, values: Floats, tail_from: int) -> float:
    """Mean of the finite values sampled in the tail; else of the last three, unless they lie far back."""
    finite = np.isfinite(values)
    late = finite & (steps >= tail_from)
    if late.any():
        return _mean(values[late])
    last = values[finite][-LATEST:]
    far = not len(last) or steps[finite][-1] < tail_from // 2
    return float("nan") if far else _mean(last)


def _last_finite(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else float("nan")


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
