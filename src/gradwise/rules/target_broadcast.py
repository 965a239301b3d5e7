"""This run shows a loss that compares every prediction with every target.

What it sees
    Prediction and target hold the same N values in different shapes, (N, 1)
    and (N,), and broadcasting pairs each with all: the loss averages an (N, N)
    table instead of N differences.

Why it hurts
    The best answer to such a loss is the mean of the targets for every input.
    Training looks calm, the loss falls a little, and nothing is learnt.

How it decides
    A distance loss (mse, l1, smooth_l1, huber, or a hand-written one) was given
    two shapes with equally many values, both of which were enlarged to reach
    the common shape (unit: values in the result per prediction; limit 1).  A
    scalar target, a (1,) target or one target per row of several outputs is
    not judged: there only one side is enlarged, and that can be meant.  A
    hand-written loss that falls by half or more is left alone: kernels and
    rankings compare all pairs on purpose, and they learn.

Cure
    Give both the same shape: ``target.unsqueeze(1)`` or
    ``prediction.squeeze(1)``, and assert it.

Cure safety
    align-shapes changes training: the loss becomes the one that was meant.

When it is wrong
    A hand-written loss that wants all pairs of prediction and target, and does
    not fall.

Example
    >>> # F.mse_loss(model(x), y) with model(x) of shape (32, 1) and y of shape (32,)

References
    PyTorch's own warning, "Using a target size that is different to the input
    size"; NumPy, "Broadcasting".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

DISTANCE_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "custom")
VALUES_LIMIT = 1  # values in the result per prediction; more means that pairs were made

RULE = Rule(
    name="target-broadcast",
    code="C09",
    group="broken",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:broadcast", "loss", "criterion", "trivial"),
    explains=(
        "loss-not-decreasing", "constant-output", "vanishing-gradient", "underfitting", "dead-relu",
        "loses-to-baseline", "overfitting", "lr-too-high", "trained-too-short", "lr-too-low",
        "fades-through-time",
    ),
    cures=("align-shapes",),
    summary="a loss that compares every prediction with every target",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss in which predictions and targets were paired all with all."""
    worst: dict[str, Fact] = {}
    since: dict[str, int] = {}
    for fact in trace.facts_of("broadcast"):
        place = fact.where or "custom"
        if place not in DISTANCE_LOSSES or _values_each(fact) <= VALUES_LIMIT:
            continue
        since[place] = min(since.get(place, fact.step), fact.step)
        if place not in worst or _values_each(fact) > _values_each(worst[place]):
            worst[place] = fact
    for place, fact in worst.items():
        prediction, target, result = _shapes(fact)
        each = _values_each(fact)
        yield RULE.finding(
            where=[place],
            since_step=since[place],
            value=each,
            threshold=VALUES_LIMIT,
            unit="values in the result per prediction",
            message=(
                f"{'a hand-written loss' if place == 'custom' else place} pairs predictions {prediction} "
                f"with targets {target} into {result}: {each:.0f} differences per prediction "
                f"(limit {VALUES_LIMIT})"
            ),
            why="every prediction is pulled to every target, so the mean of the targets is the best answer",
            strength=1.0,
            evidence=[Evidence("criterion", (place,), since[place], trace.last_step)],
        )


def _shapes(fact: Fact) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Prediction, target and result shape; a target seen only through its result is (N,) or (N, 1)."""
    prediction = tuple(int(n) for n in fact.data.get("prediction_shape", ()))
    result = tuple(int(n) for n in fact.data.get("result_shape", ()))
    target = tuple(int(n) for n in fact.data.get("target_shape", ()))
    if fact.where in ("", "custom") and target in ((), prediction) and prediction != result:
        n = math.prod(prediction)
        target = (n,) if len(prediction) > 1 else (n, 1)
    return prediction, target, result


def _values_each(fact: Fact) -> float:
    """Values in the result per prediction when both sides were enlarged, else 1."""
    prediction, target, result = _shapes(fact)
    values = math.prod(prediction)
    same_amount = values == math.prod(target) and values > 1
    if not same_amount or _fits(prediction, result) or _fits(target, result):
        return 1.0
    if fact.where in ("", "custom") and len(prediction) == len(target):
        return 1.0  # (N, 1) with (1, N) was written out by hand: all pairs are meant
    return math.prod(result) / values


def _fits(shape: Sequence[int], result: Sequence[int]) -> bool:
    """Whether this side was not enlarged."""
    return math.prod(shape) == math.prod(result)
