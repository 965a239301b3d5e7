"""This run shows gradients that explode.

What it sees
    The gradient's norm against the weights' at the first step, its spikes over
    the steps, and what the loss did meanwhile.

Why it hurts
    One step along an exploded gradient throws the weights far away from all they
    had learnt; often the next loss is infinite.

How it decides
    With harm to the loss (it ended non-finite or above its start, or the run
    learnt poorly), one of three: the gradient is more than 5 times the weight,
    median over the weight matrices, before any step was made (100 times where
    there is one matrix only); or its norm is more than 10 times its running
    median (handbook) in 3 separate samples, whose own losses, where the run stays
    finite, are no more than 3 times the median of the 20 steps before (else it is
    their data that is odd: see loss-spike); or the loss, quiet at steps of less
    than 0.05 of the weights' size, rose 10-fold at once and did not come back
    (units: ratio; ours, calibrated on the detection corpus).  Spikes that
    clipping tames and losses that come back are left alone.

Cure
    Clip the gradient, lower the rate; for deep nets He or orthogonal
    initialisation and batch-norm.

Cure safety
    clip-gradient and lower-lr change training only; batch-norm changes the model.

When it is wrong
    Targets in the thousands under a squared loss make every gradient large;
    standardising them is the better cure.

Example
    >>> # nn.RNN over 200 steps, no clip_grad_norm_

References
    Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013; Zhang et al., "AutoTrainer", ICSE 2021.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.course import course, running_median
from gradwise.rules.learning import opposing, outcome, signed
from gradwise.rules.motion import first_pull, gradient_norm, matrices, pull_limit, update_ratio
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

SPIKE = 10.0  # times the running median; handbook
SPIKES = 3  # separate samples; ours
BEFORE = 20  # steps before, whose median loss a batch is held against
STANDS_OUT = 3.0  # times that median, from which on it is the batch that is odd; ours
QUIET_RATIO = 0.05  # update over weight below which a rate is not to blame; ours
BLOW_UP = 10.0  # times the quiet level of the loss; ours
WINDOW = 7  # sampled steps of the running median
RAISED = 3.0  # rate over its start: then the schedule is to blame; ours
MIN_QUIET = 20  # steps of quiet before a blow-up; ours

RULE = Rule(
    name="exploding-gradient",
    code="G02",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "loss", "rate", "criterion", "trivial", "accuracy", "majority", "target_std", "grad_norm",
        "weight_norm", "update_norm", "fact:optimizer", "fact:structure",
    ),
    explains=(
        "loss-diverges", "loss-nan", "nan-gradient", "loss-spike", "loss-oscillates",
        "loss-not-decreasing", "dead-relu", "saturated-activation", "underfitting", "weights-grow",
        "constant-output", "majority-collapse", "always-clipped", "lr-too-high", "vanishing-gradient",
        "loses-to-baseline", "trained-too-short", "activation-scale-drift", "fades-through-time",
        "noisy-gradient",
    ),
    cures=("clip-gradient", "lower-lr", "he-init", "batch-norm"),
    summary="gradients that explode",
    at_once=True,
)  # fmt: skip

Seen = tuple[float, float, str, int, str]  # value, limit, unit, first step, clause


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when gradients explode and the loss suffers from it."""
    harm = _harm(trace)
    if not harm:
        return
    seen = _at_start(trace) or _spikes(trace) or _blow_up(trace)
    if seen is None:
        return
    value, limit, unit, since, text = seen
    yield RULE.finding(
        where=[p.name for p in matrices(trace)][:1],
        since_step=since,
        value=value,
        threshold=limit,
        unit=unit,
        message=f"{text} (limit {limit:g}), and {harm}",
        why="one step along an exploded gradient throws away what was learnt",
        strength=min(0.5 + np.log10(max(value / limit, 1.0)) / 6, 1.0),
        evidence=[
            Evidence("grad_norm", (), since, trace.last_step),
            Evidence("loss", (), since, trace.last_step),
        ],
    )


def _harm(trace: Trace) -> str:
    """What the loss suffered, as a clause; empty when nothing."""
    result, way = outcome(trace), course(trace)
    if result.nonfinite:
        return "the loss is no longer finite"
    if opposing(trace) or signed(trace.step_signal("loss")) or not way.start > 0:
        return ""
    if way.level > 1.5 * way.start and not way.above <= 1:
        return f"the loss ends at {way.level:.3g}, {way.level / way.start:.3g} times its start"
    return f"the loss stays at {way.level:.3g}" if result.poor else ""


def _at_start(trace: Trace) -> Seen | None:
    first, limit = first_pull(trace), pull_limit(trace)
    text = f"the first gradient is {first:.3g} times the weights"
    return (first, limit, "gradient over weight", trace.first_step, text) if first > limit else None


def _spikes(trace: Trace) -> Seen | None:
    steps, norm = gradient_norm(trace)
    kept = ~np.isnan(norm)
    steps, norm = steps[kept], norm[kept]
    if len(norm) < 2 * WINDOW:
        return None
    usual = np.array([np.median(norm[max(i - WINDOW, 0) : i]) for i in range(WINDOW, len(norm))])
    height = norm[WINDOW:] / np.maximum(usual, 1e-30)
    high = np.flatnonzero(height > SPIKE)
    if not outcome(trace).nonfinite:
        high = high[~_of_the_batch(trace, steps[WINDOW + high])]
    separate = high[np.concatenate(([True], np.diff(high) > 1))] if len(high) else high
    if len(separate) < SPIKES:
        return None
    worst = float(height[high].max())
    text = f"the gradient's norm spikes to {worst:.3g} times its running median in {len(separate)} samples"
    return worst, SPIKE, "times the running median", int(steps[WINDOW + high[0]]), text


def _of_the_batch(trace: Trace, steps: np.ndarray) -> np.ndarray:
    """In which of these steps the batch's own loss stood out before the step was taken: odd data."""
    loss = trace.step_signal("loss")
    out = np.zeros(len(steps), bool)
    for at, step in enumerate(steps):
        place = int(np.searchsorted(loss.steps, step))
        before = loss.mean[max(place - BEFORE, 0) : place]
        if place < len(loss) and np.isfinite(before).any():
            out[at] = loss.mean[place] > STANDS_OUT * np.nanmedian(np.abs(before))
    return out


def _blow_up(trace: Trace) -> Seen | None:
    """A loss that was quiet under small steps and rose at once, never to come back."""
    loss = trace.step_signal("loss")
    finite = np.isfinite(loss.mean)
    values, at = loss.mean[finite], loss.steps[finite]
    if len(values) < MIN_QUIET + 3:
        return None
    quiet = float(np.median(values[: max(MIN_QUIET, len(values) // 10)]))
    rise = np.flatnonzero(values > BLOW_UP * quiet)
    if not len(rise) or rise[0] < MIN_QUIET or not course(trace).level > 1.5 * quiet:
        return None
    before = running_median(values[: rise[0]], 5)
    steps, ratios = update_ratio(trace)
    early = ratios[(steps < at[rise[0]]) & ~np.isnan(ratios)]
    rate = trace.step_signal("rate")
    raised = len(rate) > 0 and np.nanmax(rate.mean[rate.steps <= at[rise[0]]]) > RAISED * rate.mean[0]
    if raised or before[-1] > 2 * quiet or (len(early) and np.median(early) > QUIET_RATIO):
        return None
    height = float(values[rise[0] :].max() / quiet)
    text = f"after {rise[0]} quiet steps the loss rose to {height:.3g} times its level"
    return height, BLOW_UP, "times the quiet loss", int(at[rise[0]]), text
