"""This run shows a sigmoid before a loss that applies one itself.

What it sees
    `binary_cross_entropy_with_logits` is fed what a sigmoid put out (or a softmax,
    or a log-sigmoid), so its scores lie between 0 and 1 instead of anywhere.

Why it hurts
    The loss turns scores into probabilities with a sigmoid of its own.  A score
    between 0 and 1 becomes a probability between 0.5 and 0.73, whatever the
    network does: "no" can never be said, and the gradient passes two sigmoids.

How it decides
    The autograd graph says that a sigmoid, hard-sigmoid, softmax or log-sigmoid
    made the prediction; a clamp between is looked through.  One sampled step is
    enough (unit: loss calls; source: the graph is exact).  Scaled and shifted
    sigmoids are left alone: their range is wider, and that can be meant.

Cure
    Take the sigmoid out of the model, or use ``binary_cross_entropy``, which
    takes probabilities.

Cure safety
    drop-activation changes the model's output in training from probabilities
    to scores; whoever reads probabilities must apply the sigmoid there.

When it is wrong
    Not known: scores that are cut to [0, 1] on purpose gain nothing from it.

Example
    >>> # nn.Sequential(nn.Linear(30, 1), nn.Sigmoid()) with nn.BCEWithLogitsLoss()

References
    PyTorch, ``BCEWithLogitsLoss`` ("combines a Sigmoid layer and the BCELoss");
    Karpathy, common mistakes (2018).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from gradwise.rules.calls import Call, loss_calls
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

SURE = 1.0  # probability that scores must be able to come near
APPLY_SIGMOID = ("binary_cross_entropy_with_logits", "multilabel_soft_margin_loss")
# Operation that made the scores → the range in which it confines them.
CONFINED = {
    "sigmoid": (0.0, 1.0), "hardsigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "log_sigmoid": (-math.inf, 0.0),
}  # fmt: skip

RULE = Rule(
    name="sigmoid-twice",
    code="C06",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:loss-call", "output_min", "output_max", "criterion"),
    explains=(
        "loss-not-decreasing", "vanishing-gradient", "saturated-activation", "bounded-output",
        "constant-output", "majority-collapse", "lr-too-low", "lr-too-high", "loss-oscillates", "dead-relu",
        "underfitting", "initial-loss-off", "loses-to-baseline", "trained-too-short", "wrong-loss-for-task",
        "noisy-labels", "class-imbalance",
    ),
    cures=("drop-activation",),
    summary="a sigmoid before a loss that applies one itself",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss that applies a sigmoid and is fed the output of one."""
    for call in loss_calls(trace):
        operation, _ = call.maker
        if call.function in APPLY_SIGMOID and operation in CONFINED:
            yield _finding(trace, call)


def _finding(trace: Trace, call: Call) -> Finding:
    operation, module = call.maker
    low, high = (1 / (1 + math.exp(-end)) for end in CONFINED[operation])
    return RULE.finding(
        where=[module or call.place],
        since_step=call.since,
        value=high,
        threshold=SURE,
        unit="probability",
        message=(
            f"{module or 'the model'} puts a {operation.replace('_', '-')} before {call.place}, which "
            f"applies a sigmoid itself: probabilities stay within {low:.2f} and {high:.2f}"
        ),
        why="squashed twice, scores cannot be far from even, and the gradient is faint",
        strength=1.0,
        evidence=evidence_at(trace, ("output_min", "output_max", "criterion"), call.place, call.since),
    )
