"""This run shows a softmax inside a loss that applies softmax itself.

What it sees
    Cross-entropy is fed a probability distribution: every row of its input is
    non-negative and sums to one, batch after batch.

Why it hurts
    `cross_entropy` takes raw scores and normalises them.  Scores between 0 and
    1 can never be far apart, so the predicted probability of the right one of
    C classes stays below e / (e + C - 1): 0.73 for 2 classes, 0.23 for 10.  The
    loss cannot approach zero and its gradient is faint.

How it decides
    The largest |sum over classes - 1| of a batch is below 0.001 at every
    sampled step, at least 3 of them (unit: 1; source: float32 rounding of a
    softmax is about 1e-6, raw scores are nowhere near one for batch after
    batch).  Where the autograd graph shows a softmax as the producer, one
    sampled step is enough and the limit is 0.02, for half precision.
    Log-softmax before cross-entropy changes nothing and is not reported.

Cure
    Remove the softmax from the model; apply it only where probabilities are
    read.  Keeping it means ``nll_loss(torch.log(p), y)``.

Cure safety
    drop-activation changes the model's output in training from probabilities
    to scores; whoever reads probabilities must apply softmax there.

When it is wrong
    Not known: a network whose raw scores sum to one by design gains nothing
    from cross-entropy either.

Example
    >>> # nn.Sequential(nn.Linear(64, 10), nn.Softmax(dim=1)) with nn.CrossEntropyLoss()

References
    PyTorch, ``CrossEntropyLoss`` ("unnormalized logits"); Karpathy, common
    mistakes (2018); AutoTrainer, ICSE 2021.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

SUM_LIMIT = 1e-3  # |row sum - 1|; a float32 softmax is within 1e-6
SUM_LIMIT_BY_GRAPH = 2e-2  # |row sum - 1| where the graph shows a softmax; bfloat16 has 8 bits
MIN_SAMPLES = 3  # sampled steps when only the values speak

RULE = Rule(
    name="softmax-twice",
    code="C05",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("row_sum_error", "criterion", "fact:loss-call"),
    explains=(
        "loss-not-decreasing", "vanishing-gradient", "saturated-activation", "bounded-output",
        "constant-output", "majority-collapse", "lr-too-low", "lr-too-high", "loss-oscillates",
        "dead-relu", "underfitting", "initial-loss-off", "loses-to-baseline", "trained-too-short",
    ),
    cures=("drop-activation",),
    summary="a softmax inside a loss that applies softmax itself",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per cross-entropy that is fed probabilities."""
    table = trace.sampled("row_sum_error")
    calls = {fact.where: fact for fact in trace.facts_of("loss-call")}  # the latest of each place
    for place in table.places:
        call = calls.get(place)
        if call is not None and call.data.get("function") != "cross_entropy":
            continue
        by_graph = call is not None and call.data.get("producer") == "softmax"
        error = table.column(place)
        seen = ~np.isnan(error)
        if seen.sum() < (1 if by_graph else MIN_SAMPLES):
            continue
        limit = SUM_LIMIT_BY_GRAPH if by_graph else SUM_LIMIT
        worst = float(error[seen].max())
        classes = int(call.data.get("classes") or 0) if call is not None else 0
        if worst < limit and classes != 1:
            yield _finding(trace, place, call, (worst, limit, int(seen.sum())), int(table.steps[seen][0]))


def _finding(
    trace: Trace, place: str, call: Fact | None, measured: tuple[float, float, int], since: int
) -> Finding:
    worst, limit, samples = measured
    module = str(call.data.get("producer_module") or "") if call is not None else ""
    classes = int(call.data.get("classes") or 0) if call is not None else 0
    best = math.e / (math.e + classes - 1) if classes > 1 else 0.0  # e^1 against C-1 times e^0
    cap = f", so no class can exceed a probability of {best:.2f}" if classes > 1 else ""
    return RULE.finding(
        where=[module or place],
        since_step=since,
        value=worst,
        threshold=limit,
        unit="1",
        message=(
            f"{module or 'the model'} feeds probabilities to {place}: rows sum to 1 within {worst:.1g} "
            f"on all {samples} sampled steps (limit {limit:g})"
        ),
        why=f"{place} applies softmax to them a second time{cap}; the gradient is faint",
        strength=1.0 - best,
        evidence=[
            Evidence("row_sum_error", (place,), since, trace.last_step),
            Evidence("criterion", (place,), since, trace.last_step),
        ],
    )
