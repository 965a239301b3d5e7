"""This run shows labels outside the range that the loss expects.

What it sees
    A yes/no loss with targets below 0 or above 1; a margin loss for -1 and 1 with
    targets 0 and 1; a run that ended because a class id was none.

Why it hurts
    Binary cross-entropy with a target of 2 or -1 has no lowest value: the loss
    falls below zero and the weights grow for ever.  A margin loss multiplies by the
    target, so that samples with target 0 teach nothing.

How it decides
    Yes/no: in half of the sampled steps, 3 at least, some target lies more than 0.25
    outside [0, 1] (unit: target; source: the formula; noisy labels of adversarial
    training reach 1.2).  Margin: all targets are 0 or 1, and both occur.  Losses
    that are not averaged by the loss function itself, or with weights, are left
    alone: what lies outside may be masked.

Cure
    Map the labels to what the loss reads: ``y = (y > 0).float()``,
    ``y = 2 * y - 1``, ``y = y - 1``, ``mask / 255``.

Cure safety
    fix-labels changes data: other numbers with the same meaning.

When it is wrong
    Targets outside on purpose, as a reward in disguise.

Example
    >>> # labels -1 and 1 with nn.BCEWithLogitsLoss()

References
    PyTorch, ``BCEWithLogitsLoss`` ("targets should be numbers between 0 and 1") and
    ``SoftMarginLoss`` ("containing 1 or -1"); DeepDiagnosis, ICSE 2022.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from gradwise.rules.calls import Call, loss_calls, measured
from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

OUTSIDE_LIMIT = 0.25  # beyond 0 or 1; one-sided noisy labels of adversarial training reach 1.2
STEPS_SHARE = 0.5  # share of sampled steps
MIN_SAMPLES = 3  # sampled steps

YES_NO_LOSSES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
SIGN_LOSSES = ("soft_margin_loss", "hinge_embedding_loss")
# torch's words when a class id is none, or a target no share.
REFUSED = re.compile(r"Target (-?\d+) is out of bounds|all elements of target should be between 0 and 1")

RULE = Rule(
    name="label-out-of-range",
    code="D05",
    group="sick",
    organ=Organ.DATA,
    since="0.1.0",
    reads=(
        "fact:loss-call", "fact:optimizer", "target_min", "target_max", "target_whole_share", "target_std",
        "loss", "criterion",
    ),
    explains=(
        "loss-diverges", "weights-grow", "loss-nan", "exploding-gradient", "loss-not-decreasing",
        "overfitting", "lr-too-high", "constant-output", "majority-collapse", "saturated-activation",
        "dead-relu", "underfitting", "loses-to-baseline", "trained-too-short", "bounded-output",
        "noisy-labels", "class-imbalance",
    ),
    cures=("fix-labels",),
    summary="labels outside the range that the loss expects",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss with labels that it does not expect."""
    refused = REFUSED.search(trace.run.error) if trace.run.status == "failed" else None
    if refused is not None and trace.last_step + 1 >= trace.run.steps:
        yield _refused(trace, refused[0])
        return
    for call in loss_calls(trace):
        low, high = measured(trace, "target_min", call.place), measured(trace, "target_max", call.place)
        if call.mixed or not call.data.get("reduced") or min(len(low), len(high)) < MIN_SAMPLES:
            continue
        lowest, highest = float(low.min()), float(high.max())
        if call.function in YES_NO_LOSSES and not call.data.get("weighted"):
            beyond = np.maximum(-low, high - 1)
            if np.mean(beyond > OUTSIDE_LIMIT) >= STEPS_SHARE and not outcome(trace).opposing:
                why = "outside [0, 1] the loss has no lowest value: it falls below zero and the weights grow"
                yield _finding(trace, call, (lowest, highest), "[0, 1]", why)
        elif call.function in SIGN_LOSSES and (lowest, highest) == (0.0, 1.0) and _whole(trace, call):
            why = "the loss multiplies by the target: samples with target 0 teach nothing"
            yield _finding(trace, call, (lowest, highest), "-1 and 1", why)


def _whole(trace: Trace, call: Call) -> bool:
    whole = measured(trace, "target_whole_share", call.place)
    return bool(len(whole) and (whole == 1).all())


def _finding(trace: Trace, call: Call, ends: tuple[float, float], wanted: str, why: str) -> Finding:
    return RULE.finding(
        where=[call.place],
        since_step=call.since,
        value=max(ends[1] - 1, -ends[0], 0.0),
        threshold=OUTSIDE_LIMIT,
        unit="target",
        message=f"the targets of {call.place} run from {ends[0]:.3g} to {ends[1]:.3g}; it expects {wanted}",
        why=why,
        strength=0.9,
        evidence=evidence_at(trace, ("target_min", "target_max", "criterion"), call.place, call.since),
    )


def _refused(trace: Trace, words: str) -> Finding:
    return RULE.finding(
        where=[],
        since_step=max(trace.last_step, trace.first_step),
        value=1.0,
        threshold=0.0,
        unit="target",
        message=f"the run ended at a label that the loss does not know: {words}",
        why="class ids run from 0 to C - 1, shares from 0 to 1",
        strength=1.0,
        evidence=[Evidence("loss", (), trace.first_step, max(trace.last_step, trace.first_step))],
    )
