"""This run shows a loss that ends above where it began.

What it sees
    The training loss over the last tenth of the run, beside its start and
    beside what the best constant prediction would score.

Why it hurts
    A network that is worse than before its first step has thrown away its
    initialisation; more training of the same kind makes it worse still.

How it decides
    The median loss of the last tenth is above 1.5 times the start, and above
    1.1 times the loss of the best constant prediction.  A loss function that is
    not recognised must reach 5 times the start and have come up from below half
    of that, or 100 times; losses that go below zero (policy gradients) and models trained
    against each other must reach 100 times.  A recognised loss that had fallen to
    half its start and ends above the constant prediction again counts too (unit:
    ratio to start; ours, calibrated on the detection corpus).

Cure
    A smaller rate, a warm-up, clipped gradients; where the optimizer is told to
    maximize a loss that should fall, that taken out.

Cure safety
    All four change training only.

When it is wrong
    A loss whose terms are switched on during training (annealed penalties) may
    grow 5 times for good reasons when it is not one of torch's own.

Example
    >>> # torch.optim.SGD(model.parameters(), lr=10.0) on a linear regression

References
    Bengio, "Practical recommendations for gradient-based training", 2012, on
    rates above twice the optimum; Zhang et al., "AutoTrainer", ICSE 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.course import Course, course
from gradwise.rules.learning import opposing, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_STEPS = 20  # steps; fewer show no level
GROWTH = 1.5  # times the start, for a recognised loss that is worse than constant; ours
WORSE_THAN_CONSTANT = 1.1  # times the trivial predictor's loss; ours
UNKNOWN_GROWTH = 5.0  # times the start, for losses that are not recognised; ours
STRICT_GROWTH = 100.0  # times the start, for signed and opposing losses; ours
LOST_FROM = 0.5  # share of the start to which a loss had fallen before it came back; ours
LOST_TO = 1.0  # times the trivial predictor's loss to which it came back; ours

RULE = Rule(
    name="loss-diverges",
    code="L04",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("loss", "criterion", "trivial", "target_std", "fact:optimizer"),
    explains=(
        "loss-nan", "nan-gradient", "loss-not-decreasing", "loss-oscillates", "loss-spike",
        "underfitting", "weights-grow", "overfitting", "loses-to-baseline",
        "activation-scale-drift", "fades-through-time", "saturated-activation",
    ),
    cures=("lower-lr", "warm-up", "clip-gradient", "descend"),
    summary="a loss that ends above where it began",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the loss settles, or still grows, above its start."""
    loss = trace.step_signal("loss")
    if int(loss.counts.sum()) < MIN_STEPS or np.isfinite(loss.mean).sum() < 3:
        return
    way = course(trace)
    start, limit = _judge(trace, way)
    if limit is None:
        return
    ratio = way.level / start if start > 0 else np.inf
    constant = f", {way.above:.3g} times the best constant prediction's" if np.isfinite(way.above) else ""
    climbs = any(fact.data.get("maximize") for fact in trace.facts_of("optimizer"))
    yield RULE.finding(
        since_step=way.since,
        value=ratio,
        threshold=limit,
        unit="times the start",
        message=(
            f"loss {way.level:.4g} at the end of the run, {start:.4g} at its start "
            f"({ratio:.3g} times, limit {limit:g}){constant}"
            f"{'; the optimizer is told to maximize it' if climbs else ''}"
        ),
        why="training takes the network away from the solution instead of towards it",
        strength=0.5 + 0.5 * min(np.log10(max(ratio, 1.0)) / 3, 1.0),
        evidence=[Evidence("loss", (), way.since, int(loss.steps[-1]))],
        cures=("descend", *(cure for cure in RULE.cures if cure != "descend")) if climbs else None,
    )


def _judge(trace: Trace, way: Course) -> tuple[float, float | None]:
    """The start to compare with, and the limit that was passed (None when none was)."""
    loss = trace.step_signal("loss")
    if signed(loss) or opposing(trace) or way.start <= 0:
        head = loss.mean[np.isfinite(loss.mean)][:20]
        start = float(np.abs(head).max())
        return start, STRICT_GROWTH if way.level > STRICT_GROWTH * start > 0 else None
    if np.isfinite(way.above):
        if way.level > GROWTH * way.start and way.above > WORSE_THAN_CONSTANT:
            return way.start, GROWTH
        lost = way.best < LOST_FROM * way.start < way.level and way.level > 2 * way.best
        if lost and way.above > LOST_TO:
            return way.start, LOST_FROM
        return way.start, None
    grew = way.level > UNKNOWN_GROWTH * way.start and way.best < way.level / 2
    grew |= way.level > STRICT_GROWTH * way.start  # jumped at once, and never came back
    return way.start, UNKNOWN_GROWTH if grew else None
