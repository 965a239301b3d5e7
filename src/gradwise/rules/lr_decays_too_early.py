"""This run shows a learning rate that is near zero while the loss still falls.

What it sees
    The rate over the run, and the loss against the sum of all rates so far: how
    much one unit of rate bought when the rate was about to go.

Why it hurts
    Steps of a vanished rate move nothing.  The run goes on, the clock too, and
    the network stays as half-trained as it was.

How it decides
    The rate falls below 1 % of its largest value for good before 60 % of the
    run is over.  Over the last half of the summed rates until then the loss
    still fell, by 4 standard errors, and the largest rate would have bought at
    least 20 % of the present loss in the steps that were left; where it is gone
    before a tenth of the run, or a quarter where at least a tenth was learnt or the loss
    fell by as many errors over the last three quarters of those rates, the few steps
    until then need not show it, if less than half of that loss was removed in the end.
    And less than 80 % of the best constant prediction's loss was removed (unit: share; ours,
    calibrated on the detection corpus).  A cosine to zero is below 1 % for
    the last 6 % of the run only; warm restarts come back.

Cure
    Stretch the schedule over the whole run: count its horizon in the unit in
    which it is stepped.

Cure safety
    longer-schedule changes training only.

When it is wrong
    A rate that is lowered on purpose to end a run whose remaining steps do
    something else.

Example
    >>> # ExponentialLR(optimizer, 0.9) stepped after every batch

References
    Bengio, arXiv 1206.5533, section 3.1.1 (schedules); Loshchilov and Hutter,
    arXiv 1608.03983 (cosine, restarts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gradwise.rules.learning import opposing, outcome, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.rules.trend import line
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Trace

GONE = 0.01  # of the largest rate; a cosine passes it 6 % before its end
EARLY = 0.6  # share of the run; two usual drops by ten end later than this
MIN_STEPS = 100  # steps; shorter runs have no schedule to speak of
SURE = 4.0  # standard errors of the slope
HASTY = 0.1  # share of the run; a rate that goes before it has hardly been used; ours
SOON = 0.25  # the same where there was something to learn, or learning had begun; ours
BEGUN = 0.1  # skill or lift that shows this; ours
GAIN = 0.2  # of the present loss that the steps left would have bought; ours
ENOUGH = 0.8  # share of the trivial loss removed that lets a schedule pass; ours
HALF = 0.5  # share of the run; gone before, where much was to be had, more must be learnt; ours
MUCH = 1.0  # that much, as a gain; ours
LONG_GONE = 0.95  # share of the trivial loss removed that lets such a schedule pass; ours
FROM = 0.25  # of the summed rates, from which on a loss that falls is no mere settling of the outputs; ours
PART = 0.5  # of the summed rates before the rate went over which the slope is taken

RULE = Rule(
    name="lr-decays-too-early",
    code="O03",
    group="sick",
    organ=Organ.RATE,
    since="0.1.0",
    reads=("loss", "rate", "criterion", "trivial", "accuracy", "majority", "target_std", "fact:optimizer"),
    explains=(
        "lr-too-low", "loss-not-decreasing", "underfitting", "trained-too-short", "loses-to-baseline",
        "majority-collapse", "constant-output",
    ),
    cures=("longer-schedule",),
    summary="a rate near zero while the loss still falls",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _End:
    """Where the rate went for good."""

    step: int
    peak: float
    share: float  # of the run that was over


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the rate went long before the loss had settled."""
    end = _end(trace)
    result = outcome(trace)
    if end is None or opposing(trace) or signed(trace.step_signal("loss")) or result.nonfinite:
        return
    enough = LONG_GONE if end.share < HALF and _gain(trace, end) >= MUCH else ENOUGH
    if not max(result.skill, 0.0) < enough or (np.isfinite(result.lift) and result.lift >= enough):
        return
    begun = result.reached >= BEGUN or line(*_bought(trace, end, FROM)).falls(SURE)
    hasty = not result.good and end.share <= (SOON if begun else HASTY)
    if not hasty and not _gain(trace, end) >= GAIN:
        return
    left, so = 1 - end.share, "with little learnt" if hasty else "while the loss was still falling"
    yield RULE.finding(
        since_step=end.step,
        value=end.share,
        threshold=EARLY,
        unit="share of the run",
        message=(
            f"the rate fell below {GONE:.0%} of its largest value ({end.peak:.3g}) at step {end.step}, "
            f"{end.share:.0%} of the run (limit {EARLY:.0%}), {so}"
        ),
        why=f"the last {left:.0%} of the steps moved nothing, and the network is half-trained",
        strength=0.5 + left / 2,
        evidence=[
            Evidence("rate", (), end.step, trace.last_step),
            Evidence("loss", (), trace.first_step, trace.last_step),
        ],
    )


def _end(trace: Trace) -> _End | None:
    rate = trace.step_signal("rate")
    known = np.isfinite(rate.mean)
    steps, values = rate.steps[known], rate.high[known]
    if trace.steps < MIN_STEPS or not len(values) or not values.max() > 0:
        return None
    peak = float(values.max())
    alive = np.flatnonzero(values > GONE * peak)
    if alive[-1] + 1 >= len(steps):
        return None
    step = int(steps[alive[-1] + 1])
    share = (step - trace.first_step) / trace.steps
    return _End(step, peak, share) if share < EARLY else None


def _bought(trace: Trace, end: _End, share: float) -> tuple[Floats, Floats]:
    """Sums of rates and losses of the steps until the rate went, from that share of the sum; shapes (N,)."""
    loss, rate = trace.step_signal("loss"), trace.step_signal("rate")
    steps, here, there = np.intersect1d(loss.steps, rate.steps, return_indices=True)
    values = loss.mean[here]
    bought = np.cumsum(rate.mean[there] * rate.counts[there])  # rate x steps so far
    used = np.isfinite(values) & np.isfinite(bought) & (steps < end.step)
    late = used & (bought >= share * np.max(bought[used], initial=0.0))
    return bought[late], values[late]


def _gain(trace: Trace, end: _End) -> float:
    """What the largest rate would have bought in the steps left, as a share of the loss there."""
    bought, values = _bought(trace, end, PART)
    fitted = line(bought, values)
    if not fitted.falls(SURE):
        return 0.0
    span = float(bought[-1] - bought[0])
    more = end.peak * (trace.last_step - end.step)
    return fitted.fall * more / span if span > 0 else 0.0
