"""This run shows predictions that hardly depend on the input.

What it sees
    Late in training, all samples of a batch get nearly the same prediction, though
    their targets differ and little was learnt.

Why it hurts
    A constant answer is the best a network can do that has lost its input on the
    way: through dead or saturated units, vanished signals, or a wrong loss.

How it decides
    Median over the last third of the sampled steps of the predictions' distance
    from their mean over the batch (root mean square, column by column): below
    2 % of the targets' standard deviation for distances, below 0.02 for scores of
    classes (unit: nats; source: probabilities then differ by less than 2 %) and
    for yes/no scores.  Only poor runs of 50 steps and more, in which the targets
    vary.  Where predictions are alike to a tenth of that, the loss alone says
    what is poor: accuracy is then the luck of the few batches it was read from,
    unless it is good (half of what the majority class misses).

Cure
    Follow the cause; where none is named: standardise the inputs, initialise after
    He, lower the rate.

Cure safety
    All of them change training only.

When it is wrong
    Where the inputs say nothing about the targets, the constant is the right
    answer, and all that can be learnt.

Example
    >>> # every ReLU of the last hidden layer is dead

References
    Karpathy, "A Recipe for Training Neural Networks" (2019), "input-independent baseline".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.calls import Call, loss_calls, measured
from gradwise.rules.learning import POOR_SKILL, Outcome, outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

SPREAD_LIMIT = 0.02  # of the targets' standard deviation; ours
SCORE_LIMIT = 0.02  # nats; probabilities differ by less than 2 %
MIN_STEPS = 50  # training steps
MIN_SAMPLES = 6  # sampled steps
LATE_SHARE = 1 / 3  # share of the sampled steps, at the end
VARIES = 1e-6  # standard deviation of the targets
SAME = 0.1  # of the limit; accuracy of predictions so alike is luck; ours

SCORE_LOSSES = (
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
)  # fmt: skip
DISTANCE_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

RULE = Rule(
    name="constant-output",
    code="A03",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "output_sample_std", "target_std", "label_kinds_expected", "fact:loss-call", "loss", "criterion",
        "trivial", "accuracy", "majority", "fact:optimizer",
    ),
    explains=("loss-not-decreasing", "majority-collapse", "underfitting", "loses-to-baseline"),
    cures=("standardize-input", "he-init", "lower-lr"),
    summary="predictions that hardly depend on the input",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss whose predictions are all alike."""
    result = outcome(trace)
    if trace.steps < MIN_STEPS or result.nonfinite or not (result.poor or _by_loss(result)):
        return
    for call in loss_calls(trace):
        limit = _limit(trace, call)
        spread = measured(trace, "output_sample_std", call.place)
        if call.mixed or limit is None or len(spread) < MIN_SAMPLES:
            continue
        late = spread[-max(int(len(spread) * LATE_SHARE), 2) :]
        level = float(np.median(late))
        if level < (limit if result.poor else SAME * limit):
            yield _finding(trace, call, level, limit)


def _by_loss(result: Outcome) -> bool:
    """Poor by the loss, and not good by the accuracy."""
    return bool(result.skill < POOR_SKILL) and not (result.good or result.opposing)


def _limit(trace: Trace, call: Call) -> float | None:
    """Distance below which predictions count as alike; None where the targets say nothing."""
    if call.function in SCORE_LOSSES:
        kinds = measured(trace, "label_kinds_expected", call.place)
        spread = measured(trace, "target_std", call.place)
        varied = (len(kinds) and kinds.max() > 1.5) or (len(spread) and np.median(spread) > VARIES)
        return SCORE_LIMIT if varied else None
    spread = measured(trace, "target_std", call.place)
    if call.function not in DISTANCE_LOSSES or not len(spread) or np.median(spread) <= VARIES:
        return None
    return SPREAD_LIMIT * float(np.median(spread))


def _finding(trace: Trace, call: Call, level: float, limit: float) -> Finding:
    table = trace.sampled("output_sample_std")
    column = table.column(call.place)
    above = np.flatnonzero(column >= limit)
    since = int(table.steps[min(above[-1] + 1, len(column) - 1)]) if len(above) else trace.first_step
    return RULE.finding(
        where=[call.maker[1] or call.place],
        since_step=since,
        value=level,
        threshold=limit,
        unit="prediction",
        message=(
            f"predictions of different samples lie {level:.2g} apart at the end (limit {limit:.2g}), "
            f"their targets do not"
        ),
        why="what enters the network no longer reaches its output",
        strength=0.8,
        evidence=evidence_at(trace, ("output_sample_std", "criterion"), call.place, since),
    )
