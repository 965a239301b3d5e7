"""This run shows weights that grow while the loss gains nothing.

What it sees
    The norm of all trained weight matrices together, beside the loss over the same
    time; and what the loss holds beside the recognised criterion.

Why it hurts
    Growing weights make scores larger and slopes steeper without better answers:
    numbers run towards overflow, and units towards saturation.

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
    separable data while the loss falls, before a normalisation layer, or driven by
    momentum that lasts a quarter of the run, grow for a reason (units: ratio; ours).

    Or the loss pays for them: what it holds beside the criterion is a negative multiple
    of the squared norm of the weights, to 2 % at the samples of the whole run, while that
    square grows 1.5 times and more. It is a penalty whose sign is wrong, and is named
    however well answers came out (units: share, ratio; ours).

Cure
    Weight decay; a smaller rate. Where the loss pays for them, the sign of the penalty:
    it is added to a loss, and subtracted from a likelihood.

Cure safety
    Both change training only.

When it is wrong
    Scale-free layers in a run that is stuck for another reason.

Example
    >>> # (-logits.logsumexp(1)).mean() added to a loss: it falls for ever as the weights grow

References
    Zhang et al., "Three mechanisms of weight decay", arXiv 1810.12281; Soudry et al.,
    arXiv 1710.10345 (growth on separable data is no fault).
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
PAID_SPREAD = 0.02  # of what the loss holds beside the criterion, around a multiple of the squared norm; ours
MEMORY = 0.25  # of the run, for which momentum carries a gradient on; ours
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
    if trace.steps < MIN_STEPS or opposing(trace):
        return
    if (paid := _paid(trace)) is not None:
        yield _paid_finding(trace, *paid)
        return
    if _driven(trace) or any("Norm" in module.type for module in trace.modules):
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
    if not (grown > GROWTH_LIMIT and whole > FROM_START and steady and _idle(trace)):
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


def _paid_finding(trace: Trace, price: float, grown: float) -> Finding:
    return RULE.finding(
        where=[p.name for p in matrices(trace)][:3],
        since_step=trace.first_step,
        value=grown,
        threshold=GROWTH_LIMIT,
        unit="times the first squared norm",
        message=(
            f"the loss is the criterion less {price:.3g} times the squared norm of the weights, which has "
            f"grown {grown:.3g} times (limit {GROWTH_LIMIT:g}): a penalty of the wrong sign"
        ),
        why="a loss that pays for the size of the weights has no minimum, and drowns the answers",
        strength=min(0.6 + np.log10(grown) / 5, 1.0),
        evidence=[Evidence(name, (), trace.first_step, trace.last_step) for name in ("loss", "weight_norm")],
    )


def _paid(trace: Trace) -> tuple[float, float] | None:
    """What the loss pays for the squared norm of the weights, and how often that grew; None for nothing."""
    loss, table, norms = trace.step_signal("loss"), trace.sampled("criterion"), trace.sampled("weight_norm")
    if not (loss.counts == 1).all():
        return None
    steps = np.intersect1d(np.intersect1d(table.steps, norms.steps), loss.steps)
    total, at = loss.mean[np.isin(loss.steps, steps)], np.isin(norms.steps, steps)
    trained = [p for p in trace.parameters if p.requires_grad and p.name in norms.places]
    for chosen in (trained, [p for p in trained if p.is_matrix]):
        with np.errstate(over="ignore"):
            square = np.sum([norms.column(p.name)[at] ** 2 for p in chosen] or [np.zeros(len(steps))], axis=0)
        for place in table.places:
            beside = total - table.column(place)[np.isin(table.steps, steps)]
            if paid := _price(beside, square):
                return paid
    return None


def _price(beside: Floats, square: Floats) -> tuple[float, float] | None:
    """The same of what stands beside one criterion, and of the squares of weights; both of shape (S,)."""
    known = np.isfinite(beside) & np.isfinite(square)
    beside, square = beside[known], square[known]
    if len(beside) < MIN_SAMPLES or not square[-1] > GROWTH_LIMIT * square[0] > 0:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        price = -float(np.dot(beside, square) / np.dot(square, square))
        left = float(np.linalg.norm(beside + price * square))
    fits = price > 0 and left < PAID_SPREAD * float(np.linalg.norm(beside))
    return (price, float(square[-1] / square[0])) if fits else None


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


def _driven(trace: Trace) -> bool:
    """Whether momentum outlasts a good part of the run: it piles steps up whatever the loss says."""
    shares = [float(fact.data.get("momentum") or 0.0) for fact in trace.facts_of("optimizer")]
    return max(shares, default=0.0) > 1 - 1 / (MEMORY * trace.steps)  # lasts 1 / (1 - momentum) steps


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
    if within := _rewarded(trace):
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
