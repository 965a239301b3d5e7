"""This run shows weight decay that moves the weights more than the loss does.

What it sees
    The decay term beside the gradient (or the update, where the optimizer keeps
    the two apart) for each parameter, and how the norms of the weights went.

Why it hurts
    Decay pulls every weight to zero whatever the data say.  Where it outweighs
    the loss, the signal dies layer by layer and the output becomes a constant.

How it decides
    For matrices with half of all their numbers the decay term is at least half as
    large as what the loss asks for, in the median of the sampled steps; they end
    below half of their largest norm; and the outcome is poor, or less than half of
    the trivial loss was removed and a quarter of that norm is left (unit: decay term
    over gradient or update; ours, calibrated on the detection corpus), or decay takes 1 %
    of every weight and more in each step of SGD or AdamW, so that nothing is kept for
    longer than 100 steps (usual: less than 0.01 %), with less than 90 % of the trivial loss
    removed and of the answers above the majority's (units: share a step, share; ours); or a
    quarter of that norm is left, as little was learnt, and the optimizer adds the decay to the
    gradient, so that it descends the sum of the loss and half the decay times the squared norm,
    which at these matrices' largest norms is more than 3 times what the best constant
    prediction loses (usual: below a tenth): that sum is lower with no network than with those
    weights, however right their answers (unit: share; ours).
    Weights that first grew to 3 times their start were thrown there by the rate.  At a
    minimum of a decayed loss the two are equal by definition, so a good run is left
    alone, and so is one whose weights keep their size (normalised layers).

Cure
    Less decay: 1e-4 to 5e-4 with SGD, 0.01 to 0.1 with AdamW.

Cure safety
    lower-weight-decay changes training only.

When it is wrong
    Where nothing can be learnt from the inputs, strong decay does no harm.

Example
    >>> # torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1.0)

References
    Krogh and Hertz, "A simple weight decay can improve generalization", NIPS
    1991; Loshchilov and Hutter, arXiv 1711.05101.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import GOOD_SKILL, outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

SHARE_LIMIT = 0.5  # decay term over what the loss asks for; ours
SHRUNK = 0.5  # norm at the end over the largest one; ours
DRAINED = 0.25  # the same, where something was learnt, but less than half; ours
FAST = 0.01  # of every weight that decay takes in a step; such a weight knows the last 100 steps; ours
WELL = 0.9  # skill or lift from which even that does no harm; ours
PLAIN_DECAY = frozenset({"SGD", "AdamW"})  # classes that take rate times decay of each weight in a step
COUPLED = frozenset(
    {"SGD", "ASGD", "Adam", "NAdam", "RAdam", "Adamax", "Adagrad", "Adadelta", "RMSprop"}
)  # classes that add decay times weight to the gradient
DEAR = 3.0  # penalty at the largest norms over the loss of the best constant prediction; ours
GROWN = 3.0  # largest norm over the first; weights that grew more were not drained from the start; ours
MATRIX_SHARE = 0.5  # of the numbers in matrices
MIN_SAMPLES = 8  # sampled steps
MIN_STEPS = 30  # steps; fewer let no decay act

RULE = Rule(
    name="weight-decay-too-strong",
    code="O04",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=(
        "loss", "criterion", "trivial", "accuracy", "majority", "target_std", "weight_norm", "decay_share",
        "fact:optimizer", "fact:structure",
    ),
    explains=(
        "loss-not-decreasing", "underfitting", "constant-output", "vanishing-gradient", "majority-collapse",
        "loses-to-baseline", "dead-relu", "lr-too-low", "activation-scale-drift", "trained-too-short",
        "lr-too-high", "loss-oscillates", "initial-loss-off", "init-too-small", "trained-too-long",
    ),
    cures=("lower-weight-decay",),
    summary="weight decay that outweighs the loss",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding when decay has drained the weights and nothing was learnt."""
    shares, norms = trace.sampled("decay_share"), trace.sampled("weight_norm")
    sizes = {p.name: math.prod(p.shape) for p in trace.parameters if p.is_matrix and p.in_optimizer}
    names = [name for name in sizes if name in shares.places and name in norms.places]
    if trace.steps < MIN_STEPS or not names:
        return
    typical = [_typical(shares.column(name)) for name in names]
    left = [_left(norms.column(name)) for name in names]
    high = [(s >= SHARE_LIMIT and r <= SHRUNK) for s, r in zip(typical, left, strict=True)]
    drained = [name for name, yes in zip(names, high, strict=True) if yes]
    held, whole = (sum(sizes[name] for name in some) for some in (drained, names))
    if not drained or held < MATRIX_SHARE * whole:
        return
    share = float(np.median([s for s, yes in zip(typical, high, strict=True) if yes]))
    remaining = float(np.median([r for r, yes in zip(left, high, strict=True) if yes]))
    result = outcome(trace)
    price, short = _price(trace, drained), result.skill < WELL and result.reached < WELL
    fast = _per_step(trace) >= FAST and short
    gone = remaining <= DRAINED and (result.skill < GOOD_SKILL or (price > DEAR and short))
    if not (result.poor or fast or gone):
        return
    decays = [float(fact.data.get("weight_decay", 0.0)) for fact in trace.facts_of("optimizer")]
    learnt = "nothing was learnt" if result.poor else f"{result.skill:.0%} of the loss was removed"
    learnt += (
        f"; as a penalty that norm costs {price:.2g} times a constant's loss" if gone and price > DEAR else ""
    )
    learnt += f"; each step takes {_per_step(trace):.1%} of every weight" if fast and not result.poor else ""
    shown = f" of {max(decays):g}" if decays and max(decays) > 0 else ""
    yield RULE.finding(
        where=drained,
        since_step=trace.first_step,
        value=share,
        threshold=SHARE_LIMIT,
        unit="decay term over what the loss asks for",
        message=(
            f"weight decay{shown} pulls {min(share, 999):.2g} times as hard as the loss (limit "
            f"{SHARE_LIMIT:g}); weights are down to {remaining:.0%} of their largest norm, {learnt}"
        ),
        why="decay pulls every weight to zero whatever the data say",
        strength=0.6 + 0.4 * (1 - remaining),
        evidence=[
            Evidence("decay_share", tuple(drained), trace.first_step, trace.last_step),
            Evidence("weight_norm", tuple(drained), trace.first_step, trace.last_step),
        ],
    )


def _per_step(trace: Trace) -> float:
    """Share of every weight that a step's decay takes, where the optimizer's rule tells it; else 0."""
    found = [fact.data for fact in trace.facts_of("optimizer") if fact.data.get("class") in PLAIN_DECAY]
    return max((float(one["lr"]) * float(one["weight_decay"]) for one in found), default=0.0)


def _price(trace: Trace, names: list[str]) -> float:
    """Half the decay times the largest squared norms, over a constant's loss; 0 where it is no penalty."""
    found = [fact.data for fact in trace.facts_of("optimizer") if fact.data.get("class") in COUPLED]
    norms, trivial = trace.sampled("weight_norm"), trace.sampled("trivial").values
    constant = float(np.nanmax(trivial)) if np.isfinite(trivial).any() else 0.0
    if not found or not constant > 0:
        return 0.0
    squares = sum(float(np.nanmax(norms.column(name))) ** 2 for name in names)
    return max(float(one.get("weight_decay", 0.0)) for one in found) / 2 * squares / constant


def _typical(column: np.ndarray) -> float:
    column = column[~np.isnan(column)]
    return float(np.median(column)) if len(column) >= MIN_SAMPLES else float("nan")


def _left(column: np.ndarray) -> float:
    """What is left of the largest norm; NaN where the weights grew out of their start first."""
    column = column[np.isfinite(column)]
    if not len(column) or not 0 < column.max() <= GROWN * column[0]:
        return float("nan")
    return float(column[-1] / column.max())
