"""This run shows a loss that does not decrease.

What it sees
    The training loss over the whole run, beside that of the best constant
    prediction.

Why it hurts
    The time is spent and nothing is learnt.  This is a symptom: whatever else is
    found is more likely the cause.

How it decides
    Nothing was learnt (skill and lift below 0.1 against the best constant
    prediction, and the loss near that one's: a loss far above it is made of more
    than the answers, as with mixed labels), and from the second quarter to the last the median loss fell by
    less than 2 % of itself or than 2 standard errors.  Losses whose constant prediction is not known, that
    go below zero, opposing models, and targets that move during the run (value
    learning) are left alone (unit: share of the loss; ours).

Cure
    Follows the cause; where none is found a larger rate or another optimizer.

Cure safety
    Both change training only.

When it is wrong
    Data from which nothing can be learnt.

Example
    >>> # ten layers of sigmoids under SGD: the loss stays at ln C

References
    Zhang et al., "AutoTrainer", ICSE 2021; SageMaker Debugger, loss not
    decreasing rule; Karpathy, "A Recipe for Training Neural Networks", 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import outcome, signed
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

FALL_LIMIT = 0.02  # share of the loss, from the second quarter to the last; ours
NOTHING = 0.1  # skill or lift below which nothing was learnt; ours
ERRORS = 2.0  # standard errors of the fall
MEDIAN_ERROR = 1.25  # standard error of a median over that of a mean, of normal numbers
MIN_STEPS = 50  # steps; fewer show no slope
MOVED = 1.0  # change of the targets' mean over their standard deviation: they are moving

RULE = Rule(
    name="loss-not-decreasing",
    code="L02",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_mean", "target_std",
        "fact:optimizer",
    ),
    explains=(
        "underfitting", "constant-output", "majority-collapse", "loses-to-baseline", "trained-too-short",
    ),
    cures=("raise-lr", "sgd-momentum", "change-optimizer"),
    summary="a loss that does not decrease",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when a poor run's loss is flat."""
    loss = trace.step_signal("loss")
    values = loss.mean[np.isfinite(loss.mean)]
    result = outcome(trace)
    if int(loss.counts.sum()) < MIN_STEPS or len(values) < 20 or result.nonfinite or not result.poor:
        return
    if not np.fmax(result.skill, result.lift) < NOTHING or result.skill < -NOTHING:
        return
    if signed(loss) or result.first <= 0 or _targets_move(trace):
        return
    quarter = len(values) // 4
    early, last = values[quarter : 2 * quarter], values[-quarter:]
    before, after = float(np.median(early)), float(np.median(last))
    error = MEDIAN_ERROR * float(np.hypot(early.std(), last.std())) / quarter**0.5
    fall = (before - after) / before if before > 0 else 0.0
    if fall > FALL_LIMIT and before - after > ERRORS * error:
        return
    beside = f", {1 - result.skill:.3g} times the best constant prediction's"
    yield RULE.finding(
        since_step=trace.first_step,
        value=fall,
        threshold=FALL_LIMIT,
        unit="share of the loss",
        message=(
            f"loss {result.first:.4g} at the start, {before:.4g} in the second quarter, {after:.4g} in the "
            f"last (it fell by {fall:.1%}, limit {FALL_LIMIT:.0%}){beside}"
        ),
        why="the time is spent and nothing is learnt",
        strength=0.4,
        evidence=[Evidence("loss", (), trace.first_step, trace.last_step)],
    )


def _targets_move(trace: Trace) -> bool:
    """Whether the targets are themselves made by what is trained (value learning, distillation of itself)."""
    mean, std = trace.sampled("target_mean"), trace.sampled("target_std")
    for place in mean.places:
        column = mean.column(place)
        column = column[np.isfinite(column)]
        spread = std.column(place) if place in std.places else np.zeros(0)
        if len(column) < 8 or not np.isfinite(spread).any():
            continue
        part = len(column) // 4
        moved = abs(np.median(column[-part:]) - np.median(column[:part]))
        if moved > MOVED * np.nanmedian(spread):
            return True
    return False
