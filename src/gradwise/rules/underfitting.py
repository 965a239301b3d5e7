"""This run shows training that stalls above what simple models reach.

What it sees
    The end of the training loss, the gradients, and what ridge regression and
    nearest neighbours make of the same rows, each row left out in turn.

Why it hurts
    There is more in the data than the network takes from it, and it has stopped
    looking: it is too small, too restricted, or stuck.

How it decides
    Over the last 40 % of the run the loss falls by less than 3 % of its level
    or less than 3 standard errors; the gradient at the end is at least 1e-4 of
    the weights; the network got less than half of what there is to get; and a
    simple model on at least 200 distinct rows gets 0.15 and is above the network's best
    (training or evaluation) by 0.2 and 4 standard errors; or less than 0.7, and it is
    above by 0.3 (unit: skill or lift,
    1 is perfect; ours, calibrated on the detection corpus).
    Where everything goes through a dense or recurrent layer of a quarter as many
    units as there are classes, or fewer, a fall of up to 10 % counts as none, and
    less than 0.7 as little.

Cure
    A larger net, less regularisation, a longer run.

Cure safety
    larger-net changes the model; the others change training.

When it is wrong
    The simple models are judged with everything they may know; a net that is
    kept small on purpose underfits on purpose.

Example
    >>> # nn.Linear(2, 2) on two rings of points

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 5.2 (capacity);
    Karpathy, "A Recipe for Training Neural Networks" (2019), "overfit".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL
from gradwise.rules.motion import pull
from gradwise.rules.rule import Organ, Rule
from gradwise.rules.trend import trend
from gradwise.rules.yardstick import Yardstick, yardsticks
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

MIN_ROWS = 200  # distinct rows that the simple models were judged on; ours
WORTH = 0.15  # skill or lift of the simple model; less is not worth a network's while; ours
MARGIN = 0.2  # skill or lift above the network; ours
SURE = 4.0  # standard errors of the simple model's
FAR, FAR_SKILL = 0.3, 0.7  # margin with which a network that got as much underfits all the same; ours
WINDOW = 0.6  # share of the run from which on the loss is looked at
FLAT = 0.03  # relative fall over that window that counts as none; ours
FLAT_SURE = 3.0  # standard errors below which a fall counts as none
NARROW = 4  # classes for each unit of a layer from which on it is a bottleneck; ours
FLAT_NARROW = 0.1  # relative fall behind such a layer that counts as none; ours
FUNNELS = ("Linear", "RNN", "GRU", "LSTM")  # layers that nothing goes around but a shortcut
PULL_ALIVE = 1e-4  # gradient over weight; below it the gradient has vanished

RULE = Rule(
    name="underfitting",
    code="E02",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "val_loss", "val_accuracy",
        "grad_norm", "weight_norm", "reference_skill", "reference_error", "neighbour_skill",
        "neighbour_error", "reference_rows", "fact:optimizer", "fact:structure", "fact:rows",
    ),
    explains=("loses-to-baseline", "trained-too-long", "loss-not-decreasing"),
    cures=("larger-net", "train-longer", "less-regularization"),
    summary="training that stalls above what simple models reach",
)  # fmt: skip

# How the simple models are called in the message.
_NAMES = {"reference": "ridge regression gets", "neighbour": "nearest neighbours get"}


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when the loss has settled and a simple model is far better."""
    end, narrow = trend(trace, WINDOW), _narrow(trace)
    flat = FLAT_NARROW if narrow else FLAT
    if not np.isfinite(end.fall) or (end.fall > flat and end.falls(FLAT_SURE)) or not _alive(trace):
        return
    best: tuple[float, str, Yardstick] | None = None
    for kind, name in _NAMES.items():
        for one in yardsticks(trace, f"{kind}_skill", f"{kind}_error"):
            margin = one.simple - one.reached
            worth = one.rows >= MIN_ROWS and one.simple >= WORTH
            sure = worth and margin >= max(MARGIN + one.allowance, SURE * one.error)
            far = margin >= FAR + one.allowance
            low = one.reached < (FAR_SKILL if far or narrow else GOOD_SKILL)
            if sure and low and (best is None or margin > best[0]):
                best = margin, name, one
    if best is None:
        return
    margin, name, one = best
    since = trace.first_step + int(WINDOW * trace.steps)
    scale = "of what the majority class misses" if one.classes else "of a constant prediction's loss"
    yield RULE.finding(
        where=[one.place],
        since_step=since,
        value=margin,
        threshold=MARGIN,
        unit="lift below the simple model" if one.classes else "skill below the simple model",
        message=(
            f"the loss {'hardly' if narrow else 'no longer'} falls, and the network removed "
            f"{max(one.reached, 0.0):.0%} {scale}; {name} {one.simple:.0%} (± {one.error:.0%}) on {one.rows} "
            f"rows left out in turn{narrow}"
        ),
        why="there is more in the data than the network takes from it, and it has stopped looking",
        strength=0.4 + min(margin, 0.6),
        evidence=[Evidence("loss", (), since, trace.last_step)],
    )


def _narrow(trace: Trace) -> str:
    """What to say of a layer through which too little fits for that many classes; "" where there is none."""
    classes = max((int(fact.data.get("classes", 0)) for fact in trace.facts_of("rows")), default=0)
    funnels = sorted((m for m in trace.modules if m.type in FUNNELS and m.units > 0), key=lambda m: m.order)
    least = min(funnels[:-1], key=lambda m: m.units, default=None)
    if least is None or least.units * NARROW > classes:
        return ""
    return f"; {least.name} lets {least.units} numbers through for {classes} classes"


def _alive(trace: Trace) -> bool:
    _, pulls = pull(trace)
    pulls = pulls[np.isfinite(pulls)]
    return bool(len(pulls) and np.median(pulls[-5:]) >= PULL_ALIVE)
