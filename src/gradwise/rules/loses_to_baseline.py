"""This run shows a network that a linear model beats on the same data.

What it sees
    What ridge regression on (projections of) the model's first input makes of
    a few hundred distinct training rows, each one left out in turn, beside what
    the network reached on its training data and in its evaluations.

Why it hurts
    A network contains the linear model.  If it does worse, something keeps it
    from learning, and the effort buys nothing.

How it decides
    At least 200 steps and 200 distinct rows; the linear model removes at least 15 % of the
    best constant prediction's loss (for classes: gets that share of what the
    majority misses), and it is above the network, taken at its best of training
    and evaluation, by 0.15, by 4 standard errors, and by a quarter of its own
    (unit: skill or lift, 1 is perfect; the linear model is judged on rows it has not
    seen, the network may count rows it has; ours, calibrated on the detection
    corpus).  It abstains where the loss still falls by a tenth over the last 40 %
    of the run, where the model sees more than its first input, on ids, on weighted losses
    and on targets with many numbers.

Cure
    Look for the cause: rate, scale of inputs and targets, wiring.  Train the
    linear model as well, and keep it if the network stays behind.

Cure safety
    Both change training only.

When it is wrong
    Strong augmentation or dropout can hold the training score down; an
    evaluation in the script then tells the truth and is what is compared.
    Without one, dropout is allowed for by 0.2.

Example
    >>> # a deep sigmoid net on a table whose target is a weighted sum of columns

References
    Karpathy, "A Recipe for Training Neural Networks" (2019), "human baseline,
    linear baseline"; Allen, "The relationship between variable selection and
    data augmentation", Technometrics 1974 (left-out residuals).
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.rules.trend import trend
from gradwise.rules.yardstick import yardsticks
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_STEPS = 200  # steps; a shorter run is a demonstration
WINDOW = 0.6  # share of the run from which on the loss is looked at
FALLING = 0.1  # relative fall over that window: the net is on its way; as for trained-too-short
MIN_ROWS = 200  # distinct rows that the linear model was judged on; ours
WORTH = 0.15  # skill or lift of the linear model; less is not worth a network's while; ours
MARGIN = 0.15  # skill or lift above the network; ours
APART = 0.25  # share of the linear model's own skill or lift; a net on its way up is no more behind; ours
SURE = 4.0  # standard errors of the linear model's

RULE = Rule(
    name="loses-to-baseline",
    code="E06",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "val_loss", "val_accuracy",
        "reference_skill", "reference_error", "reference_rows", "fact:optimizer", "fact:structure",
    ),
    explains=("trained-too-long",),
    cures=("raise-lr", "standardize-input", "train-longer"),
    summary="a network that a linear model beats",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss whose targets a linear model predicts better."""
    if trace.steps < MIN_STEPS:
        return
    end = trend(trace, WINDOW)
    if end.fall > FALLING and end.falls(SURE):
        return
    for one in yardsticks(trace, "reference_skill", "reference_error"):
        margin = one.simple - one.reached
        wanted = max(MARGIN + one.allowance, SURE * one.error, APART * one.simple)
        if one.rows < MIN_ROWS or one.simple < WORTH or margin < wanted:
            continue
        scale = "of what the majority class misses" if one.classes else "of a constant prediction's loss"
        yield RULE.finding(
            where=[one.place],
            since_step=one.since,
            value=margin,
            threshold=MARGIN,
            unit="lift below ridge regression" if one.classes else "skill below ridge regression",
            message=(
                f"the network removed {max(one.reached, 0.0):.0%} {scale}, ridge regression "
                f"{one.simple:.0%} (± {one.error:.0%}) on {one.rows} rows that it had not seen"
            ),
            why="a network contains the linear model; something keeps it from learning",
            strength=0.4 + min(margin, 0.6),
            evidence=[Evidence("reference_skill", (one.place,), one.since, trace.last_step)],
        )
