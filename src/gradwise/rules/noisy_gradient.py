"""This run shows gradients of different batches that hardly agree, while the loss stalls.

What it sees
    The cosine between the gradients of neighbouring steps, the size of the
    batches, and the course of the loss.

Why it hurts
    Where the batches disagree, steps wander: the weights diffuse around the
    minimum at a distance that the rate and the noise decide, and the loss stays
    at that height.

How it decides
    Batches of at most 8 samples (without accumulation), the median cosine of
    the second half below 0.05 in absolute value (a signal-to-noise ratio below 0.05;
    with single samples it may be far below zero, where each step undoes a part of the
    last one), the loss of the second half flat (it fell by
    less than 2 %, or by less than 3 standard errors), and the run is poor (units:
    samples, cosine; ours).  Every run that has converged shows small cosines, so only
    poor ones are judged.

Cure
    Larger batches, or accumulation over several; a smaller rate.

Cure safety
    All change training only.

When it is wrong
    Policy gradients and other estimates that are noisy by nature.

Example
    >>> # DataLoader(..., batch_size=1) with Adam(lr=1e-2)

References
    McCandlish et al., "An empirical model of large-batch training", arXiv
    1812.06162; Bottou, Curtis, Nocedal, SIAM Review 2018, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import opposing, outcome, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.rules.trend import trend
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

COSINE_LIMIT = 0.05  # cosine between neighbouring gradients; signal-to-noise ratio of about as much
BATCH_LIMIT = 8  # samples; ours
GAIN = 0.02  # share of the loss that the second half removes at most; ours
SURE = 3.0  # standard errors of that
MIN_PAIRS = 6  # pairs of neighbouring sampled steps in the second half
MIN_STEPS = 200  # steps

RULE = Rule(
    name="noisy-gradient",
    code="G04",
    group="sick",
    organ=Organ.REGULARISATION,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "grad_agreement", "batch_size",
        "fact:accumulation", "fact:optimizer",
    ),
    explains=(
        "loss-not-decreasing", "underfitting", "loses-to-baseline", "trained-too-short",
    ),
    cures=("larger-batch", "lower-lr", "accumulate"),
    summary="gradients of different batches that hardly agree",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when small batches disagree and the loss stalls."""
    loss = trace.step_signal("loss")
    if trace.steps < MIN_STEPS or signed(loss) or opposing(trace) or trace.facts_of("accumulation"):
        return
    result = outcome(trace)
    if result.nonfinite or not result.poor or not _flat(trace):
        return
    sizes = trace.sampled("batch_size").values
    sizes = sizes[np.isfinite(sizes)]
    table = trace.sampled("grad_agreement")
    late = table.values[table.steps >= trace.first_step + trace.steps // 2]
    late = late[np.isfinite(late)]
    if not len(sizes) or np.median(sizes) > BATCH_LIMIT or len(late) < MIN_PAIRS:
        return
    cosine = float(np.median(late))
    if cosine >= COSINE_LIMIT or (cosine <= -COSINE_LIMIT and np.median(sizes) > 1):
        return
    yield RULE.finding(
        since_step=trace.first_step + trace.steps // 2,
        value=cosine,
        threshold=COSINE_LIMIT,
        unit="cosine",
        message=(
            f"gradients of neighbouring batches of {np.median(sizes):.0f} have a median cosine of "
            f"{cosine:.3f} (limit {COSINE_LIMIT:g}), and the loss stays at {result.final:.4g}"
        ),
        why="steps wander about at a distance from the minimum that rate and noise decide",
        strength=0.3,
        evidence=[Evidence("loss", (), trace.first_step, trace.last_step)],
    )


def _flat(trace: Trace) -> bool:
    second = trend(trace, 0.5)
    return bool(np.isfinite(second.fall)) and not (second.falls(SURE) and second.fall > GAIN)
