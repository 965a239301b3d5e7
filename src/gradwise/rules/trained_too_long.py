"""This run shows a best evaluation that lies far back.

What it sees
    The losses and accuracies of the script's own evaluations: when each was at
    its best, and how many steps came after that.

Why it hurts
    All steps since the best evaluation cost time and bought nothing.

How it decides
    With 12 evaluations or more: smoothed by a median of three, neither loss nor
    accuracy has improved since 40 % of the run (by half a percent of the loss's
    range or half a percentage point), and at least 8 evaluations came after
    (unit: share of the run; ours).  Where the evaluation turned bad,
    overfitting says so and stands above this.  It is a habit, since patience is
    a good thing where the best weights are kept.

Cure
    Stop when the evaluation has not improved for a while, and keep the best
    weights.

Cure safety
    early-stop changes training only.

When it is wrong
    Long flat stretches before a second fall, and runs meant to last so that
    curves can be compared.

Example
    >>> # 200 epochs on 120 rows, the best at epoch 31

References
    Prechelt, "Early stopping, but when?", 1998.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import opposing
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Floats, Trace

MIN_EVALUATIONS = 12  # evaluations; fewer are no long run
PATIENCE = 8  # evaluations after the last improvement
BACK = 0.4  # share of the run before which the last improvement lies; ours
RANGE_SHARE = 0.005  # of the loss's range that an improvement must make up; ours
ACCURACY_STEP = 0.005  # share of the evaluation set; ours

RULE = Rule(
    name="trained-too-long",
    code="E04",
    group="habit",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=("val_loss", "val_accuracy", "criterion", "target_std", "fact:optimizer"),
    explains=(),
    cures=("early-stop",),
    summary="a best evaluation that lies far back",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when no evaluation has improved for most of the run."""
    if opposing(trace):
        return
    latest: tuple[int, str, int] | None = None  # step of the last improvement, place, evaluations since
    for signal, sign in (("val_loss", -1.0), ("val_accuracy", 1.0)):
        table = trace.sampled(signal)
        for place in table.places:
            column = table.column(place)
            kept = np.isfinite(column)
            if kept.sum() < MIN_EVALUATIONS:
                continue
            index = _last_gain(sign * column[kept], signal)
            step = int(table.steps[kept][index])
            if latest is None or step > latest[0]:
                latest = step, place, int(kept.sum()) - 1 - index
    if latest is None:
        return
    step, place, after = latest
    share = (step - trace.first_step) / max(trace.steps, 1)
    if share > BACK or after < PATIENCE:
        return
    yield RULE.finding(
        where=[place],
        since_step=step,
        value=share,
        threshold=BACK,
        unit="share of the run",
        message=(
            f"{place}: the last improvement was at step {step}, {share:.0%} of the run (limit {BACK:.0%}); "
            f"{after} evaluations since brought nothing"
        ),
        why="all steps since the best evaluation cost time and bought nothing",
        strength=1 - share,
        evidence=[Evidence("val_loss", (), step, trace.last_step)],
    )


def _last_gain(values: Floats, signal: str) -> int:
    """Index of the last evaluation that was better than all before by more than a trifle."""
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(values, 3), axis=1)
    trifle = ACCURACY_STEP if signal == "val_accuracy" else RANGE_SHARE * float(np.ptp(smooth))
    best, index = float(smooth[0]), 0
    for i, value in enumerate(smooth):
        if value > best + trifle:
            best, index = float(value), i
    return index + 1  # the middle of three
