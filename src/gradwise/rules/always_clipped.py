"""This run shows gradient clipping that cuts nearly every step, and by much.

What it sees
    The gradient's norm before clipping is many times the limit, at nearly every
    sampled step and late in the run too.

Why it hurts
    Every step has the same length whatever the gradient says.  With plain SGD
    the rate that was set is divided by that factor, so the network creeps; and
    what the limit was meant for, single outliers, no longer stands out.

How it decides
    At least 95 % of the sampled steps have a norm above 3 times the limit, and the
    median one 10 times, in the run as a whole and in its second half, over at least
    8 samples (unit: norm over limit; source: catalogue, ours), the only optimizer is SGD,
    and learning is not good (`gradwise.rules.learning`), or the median is 100 times
    the limit and a loss that is not good still falls, by 4 standard errors over the
    second half.  Optimizers of Adam's kind divide by the size of the gradient
    themselves, so a constant factor does them no harm.

Cure
    Set the limit near the 90th percentile of the norms that
    ``clip_grad_norm_`` returns, or lower the rate where the gradients are what
    is too large.

Cure safety
    raise-clip changes training: steps become longer.

When it is wrong
    Normalised gradient descent on purpose, on a task that is hard anyway.  Of
    ``clip_grad_value_`` the norms before and after are compared, over the whole
    model where it is given a generator.

Example
    >>> # clip_grad_norm_(model.parameters(), 0.01)   # norms are near 2

References
    Pascanu et al., arXiv 1211.5063; Zhang et al., arXiv 1905.11881.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, POOR_SKILL, outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.rules.trend import trend
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

BEYOND = 10.0  # norm over limit, median
AT_LEAST = 3.0  # norm over limit, at nearly every step
CLIPPED_SHARE = 0.95  # share of sampled steps
LATE = 0.5  # share of the run after which it must hold too
MIN_SAMPLES = 8  # sampled steps with a clipped norm
MIN_LATE = 1  # of those in the second half
FAR_BEYOND = 100.0  # norm over limit, median; so much is no choice of a step length any more; ours
SURE = 4.0  # standard errors by which the loss still falls
PLAIN = ("SGD",)  # optimizers whose step is as long as the gradient

RULE = Rule(
    name="always-clipped",
    code="G05",
    group="sick",
    organ=Organ.RATE,
    since="0.1.0",
    reads=(
        "clip_norm",
        "clip_limit",
        "fact:optimizer",
        "criterion",
        "trivial",
        "accuracy",
        "majority",
        "loss",
    ),
    explains=(
        "loss-not-decreasing",
        "lr-too-low",
        "underfitting",
        "loses-to-baseline",
        "trained-too-short",
        "constant-output",
        "majority-collapse",
    ),
    cures=("raise-clip", "lower-lr"),
    summary="clipping that cuts nearly every step, and by much",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when clipping sets the length of every step."""
    norms, limits = trace.sampled("clip_norm"), trace.sampled("clip_limit")
    kinds = {str(fact.data.get("class", "")) for fact in trace.facts_of("optimizer")}
    if not len(norms) or not kinds <= set(PLAIN):
        return
    for place in norms.places:
        if place not in limits.places:
            continue
        ratio = norms.column(place) / np.maximum(limits.column(place), 1e-30)
        seen = np.isfinite(ratio)
        ratio, steps = ratio[seen], norms.steps[seen]
        late = ratio[steps >= trace.first_step + LATE * trace.steps]
        if len(ratio) < MIN_SAMPLES or len(late) < MIN_LATE:
            continue
        share = float((ratio > AT_LEAST).mean())
        result = outcome(trace)
        learnt = result.good and not result.skill < POOR_SKILL  # answers may run ahead of the loss
        if np.median(ratio) > FAR_BEYOND and result.skill < GOOD_SKILL and trend(trace, LATE).falls(SURE):
            learnt = False  # it creeps
        if min(share, float((late > AT_LEAST).mean())) < CLIPPED_SHARE or learnt:
            continue
        if min(np.median(ratio), np.median(late)) <= BEYOND:
            continue
        yield RULE.finding(
            where=[place],
            since_step=int(steps[0]),
            value=float(np.median(ratio)),
            threshold=BEYOND,
            unit="norm over limit",
            message=(
                f"{share:.0%} of the sampled steps were clipped by more than {AT_LEAST:g} times, the "
                f"median by {np.median(ratio):.3g} (norm {np.median(norms.column(place)[seen]):.3g}, limit "
                f"{np.median(limits.column(place)[seen]):.3g})"
            ),
            why="every step has the same small length, so the rate that was set hardly counts",
            strength=share,
            evidence=[Evidence("clip_norm", (place,), int(steps[0]), trace.last_step)],
        )
        return
