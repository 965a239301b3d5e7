"""This run shows weights that grow while the loss gains nothing.

What it sees
    The norm of all trained weight matrices together, beside the loss over the
    same time.

Why it hurts
    Growing weights make scores larger and slopes steeper without making answers
    better: numbers run towards overflow, and units towards saturation.

How it decides
    Over the second half of the run the norm grows 1.5 times and more, in 80 % of
    the samples, to at least 5 times its start, and meanwhile the median loss of the
    last quarter is no lower than 98 % of that of the quarter before; and the run
    did not learn well (half of the trivial loss; right answers do not make up for a
    loss above the best constant prediction's), or its loss has doubled since its best
    quarter, rising from quarter to quarter for half of the run. A loss that goes below zero holds
    a term that rewards something else than answers: there the recognised criterion
    within it is compared, however well it was learnt before, and must have gained
    less than 2 % of the best constant prediction's loss. Weights that grow on
    separable data while the loss falls, and weights before a normalisation layer,
    grow for a reason (units: ratio; ours).

Cure
    Weight decay; a smaller rate.

Cure safety
    Both change training only.

When it is wrong
    Scale-free layers in a run that is stuck for another reason.

Example
    >>> # (-logits.logsumexp(1)).mean() added to a loss: it falls for ever as the weights grow

References
    Zhang et al., "Three mechanisms of weight decay", arXiv 1810.12281; Soudry et
    al., arXiv 1710.10345 (growth on separable data is no fault).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import opposing, outcome, signed
from gradwise.rules.motion import matrices
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Ints, Trace

GROWTH_LIMIT = 1.5  # over the second half; ours, logarithmic growth on separable data stays below
FROM_START = 5.0  # times the first norm; ours
STEADY = 0.8  # share of the samples of the second half in which the norm rose
GAIN = 0.98  # median loss of the last quarter over that of the quarter before; ours
RISEN = 2.0  # median loss of the last quarter over that of the best one, of the first half; ours
NO_SKILL = 0.0  # below it the loss is worse than the best constant prediction's, whatever is answered
MIN_SAMPLES = 8  # sampled steps
MIN_LATE = 2  # of them in the second half; a norm has no noise from batch to batch
MIN_STEPS = 100  # steps

RULE = Rule(
    name="weights-grow",
    code="W04",
    group="sick",
    organ=Organ.REGULARISATION,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "weight_norm",
        "fact:optimizer", "fact:structure",
    ),
    explains=(
        "loss-not-decreasing", "saturated-activation", "activation-scale-drift", "underfitting",
        "loss-diverges",
    ),
    cures=("weight-decay", "lower-lr"),
    summary="weights that grow while the loss gains nothing",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the weights grow for nothing."""
    if trace.steps < MIN_STEPS or opposing(trace) or _normalised(trace):
        return
    result = outcome(trace)
    if result.good and not result.skill < NO_SKILL and not _rewarded(trace) and not _rising(trace):
        return
    steps, norm = _norm(trace)
    if len(norm) < MIN_SAMPLES or not norm[0] > 0:
        return
    half = norm[steps >= trace.first_step + trace.steps // 2]
    if len(half) < MIN_LATE:
        return
    grown, whole = float(half[-1] / half[0]), float(norm[-1] / norm[0])
    steady = np.mean(np.diff(half) > 0) >= STEADY
    if not (grown > GROWTH_LIMIT and whole > FROM_START and steady) or not _idle(trace):
        return
    yield RULE.finding(
        where=[p.name for p in matrices(trace)][:3],
        since_step=int(steps[np.argmax(norm > GROWTH_LIMIT * norm[0])]),
        value=grown,
        threshold=GROWTH_LIMIT,
        unit="times over the second half",
        message=(
            f"the weights grow {grown:.3g} times over the second half of the run (limit {GROWTH_LIMIT:g}), "
            f"{whole:.3g} times in all, while {'the criterion within ' if _rewarded(trace) else ''}the loss "
            f"gains nothing"
        ),
        why="larger weights make numbers larger, not answers better, until they overflow or saturate",
        strength=min(0.4 + np.log10(whole) / 5, 1.0),
        evidence=[Evidence("weight_norm", (), trace.first_step, trace.last_step)],
    )


def _rising(trace: Trace) -> bool:
    """Whether the loss rises from quarter to quarter since its best one, and to far more than it was."""
    loss = trace.step_signal("loss").mean
    loss = loss[np.isfinite(loss)]
    size = len(loss) // 4
    if size < MIN_SAMPLES or signed(trace.step_signal("loss")):
        return False
    quarters = [float(np.median(loss[at * size : (at + 1) * size])) for at in range(4)]
    best = int(np.argmin(quarters))
    rises = all(after > before for before, after in zip(quarters[best:], quarters[best + 1 :], strict=False))
    return best < 2 and rises and quarters[-1] > RISEN * quarters[best] > 0


def _normalised(trace: Trace) -> bool:
    return any("Norm" in module.type for module in trace.modules)


def _rewarded(trace: Trace) -> list[str]:
    """Criteria that are never negative within a loss that is: something else in it is rewarded."""
    if not signed(trace.step_signal("loss")):
        return []
    criterion = trace.sampled("criterion")
    columns = [(place, criterion.column(place)) for place in criterion.places]
    return [place for place, column in columns if np.isfinite(column).any() and np.nanmin(column) >= 0]


def _norm(trace: Trace) -> tuple[Ints, Floats]:
    """Sampled steps and the norm of all trained matrices together."""
    table = trace.sampled("weight_norm")
    columns = [table.column(p.name) for p in matrices(trace) if p.name in table.places]
    if not columns:
        return table.steps, np.zeros(0)
    with np.errstate(over="ignore"):
        total = np.sqrt(np.sum(np.square(columns), axis=0))
    kept = np.isfinite(total)
    return table.steps[kept], total[kept]


def _idle(trace: Trace) -> bool:
    """Whether the loss of the last quarter (or the criterion within it) is no lower than before."""
    loss = trace.step_signal("loss")
    values = loss.mean[np.isfinite(loss.mean)]
    quarter = len(values) // 4
    if quarter < 5:
        return False
    within = _rewarded(trace)
    if within:
        return any(_stands(trace, place) for place in within)
    before, last = np.median(values[-2 * quarter : -quarter]), np.median(values[-quarter:])
    return bool(last > before - (1 - GAIN) * abs(before))


def _stands(trace: Trace, place: str) -> bool:
    """The same of a criterion, known at sampled steps; its gain is measured on the best constant's loss."""
    table, trivial = trace.sampled("criterion"), trace.sampled("trivial")
    values, along = table.column(place), (table.steps - trace.first_step) / trace.steps
    known = np.isfinite(values)
    before, last = values[known & (along >= 0.5) & (along < 0.75)], values[known & (along >= 0.75)]
    scale = trivial.column(place) if place in trivial.places else before
    scale = scale[np.isfinite(scale)]
    if not (len(before) and len(last) and len(scale)):
        return False
    return bool(np.median(last) > np.median(before) - (1 - GAIN) * scale[-1])
