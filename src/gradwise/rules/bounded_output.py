"""This run shows an output activation that cannot reach the targets.

What it sees
    The prediction comes out of a sigmoid, tanh, softmax or ReLU, and what the
    loss asks for lies outside that range: regression targets below 0 or above
    1, or class scores that cross-entropy needs far apart.

Why it hurts
    The network runs into the end of the range and stays there.  The error that
    is left cannot be removed by any weights, and the saturated activation
    passes hardly any gradient.

How it decides
    Regression: over the sampled steps more than 2 % of the targets lie outside
    the activation's range (unit: share of targets), the farthest by at least a
    quarter of the targets' standard deviation, and less than 97 % of the
    trivial loss is removed.  Classes: scores confined to [0, 1] or [-1, 1] give
    the right one of C classes at most e / (e + C - 1), or
    e^2 / (e^2 + C - 1); below 0.9 it is reported (unit: probability; source:
    the softmax formula).  Binary scores from a tanh or ReLU are confined alike.

Cure
    Leave the last layer linear, or scale the targets into the range.

Cure safety
    linear-output changes the model's output in training and after it.

When it is wrong
    Outliers that are better ignored may lie beyond the range on purpose.

Example
    >>> # nn.Sequential(nn.Linear(8, 1), nn.Sigmoid()) with MSELoss and prices of 2..9

References
    DeepDiagnosis, ICSE 2022 ("out of range" symptom); Goodfellow, Bengio,
    Courville, "Deep Learning", section 6.2.2, output units.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, Trace

OUTSIDE_SHARE = 0.02  # share of targets; a few outliers may be cut on purpose
EXCESS_LIMIT = 0.25  # standard deviations of the targets beyond the range; ours
SKILL_LIMIT = 0.97  # share of the trivial loss removed; above it the unreachable part is negligible
BEST_LIMIT = 0.9  # probability that the right class must be able to get
MIN_SAMPLES = 3  # sampled steps
ROUNDING = 1e-2  # how far scores may pass the range: half precision

DISTANCE_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
# Lowest and highest value that each activation can put out.
REACH = {
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
}
# Activations that confine scores; softmax has a rule of its own.
SCORE_BOUNDS = ("sigmoid", "hardsigmoid", "tanh", "hardtanh")
BINARY_SCORE_BOUNDS = ("tanh", "hardtanh", "relu", "relu6", "softplus")

RULE = Rule(
    name="bounded-output",
    code="C16",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=(
        "fact:loss-call",
        "outside_share",
        "target_min",
        "target_max",
        "target_std",
        "output_min",
        "output_max",
        "criterion",
        "trivial",
        "accuracy",
        "majority",
    ),
    explains=(
        "loss-not-decreasing",
        "vanishing-gradient",
        "saturated-activation",
        "constant-output",
        "dead-relu",
        "underfitting",
        "majority-collapse",
        "lr-too-low",
        "lr-too-high",
        "unnormalized-target",
    ),
    cures=("linear-output",),
    summary="an output activation that cannot reach the targets",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss whose prediction is confined."""
    for call in {fact.where: fact for fact in trace.facts_of("loss-call")}.values():
        function = call.data.get("function", call.where)
        if function in DISTANCE_LOSSES:
            yield from _regression(trace, call)
        elif function in ("cross_entropy", "binary_cross_entropy_with_logits"):
            yield from _scores(trace, call, binary=function != "cross_entropy")


def _regression(trace: Trace, call: Fact) -> Iterator[Finding]:
    place, producer = call.where, str(call.data.get("producer", ""))
    outside = _values(trace, "outside_share", place)
    if producer not in REACH or len(outside) < MIN_SAMPLES:
        return
    share = float(outside.mean())
    low, high = REACH[producer]
    lowest, highest = _values(trace, "target_min", place), _values(trace, "target_max", place)
    if share <= OUTSIDE_SHARE or not len(lowest) or not len(highest):
        return
    spread = float(np.hypot(np.median(_values(trace, "target_std", place)), _drift(trace, place)))
    beyond = max(low - float(lowest.min()), float(highest.max()) - high)
    if beyond < EXCESS_LIMIT * spread or outcome(trace).skill >= SKILL_LIMIT:
        return
    yield RULE.finding(
        where=[str(call.data.get("producer_module") or place)],
        since_step=call.step,
        value=share,
        threshold=OUTSIDE_SHARE,
        unit="share of targets",
        message=(
            f"{_name(call)} reaches {_range(low, high)} but the targets of {place} run from "
            f"{lowest.min():.3g} to {highest.max():.3g}: {share:.0%} lie outside (limit {OUTSIDE_SHARE:.0%})"
        ),
        why="no weights can bring the prediction there, and at the end of its range the gradient fades",
        strength=0.5 + 0.5 * share,
        evidence=_evidence(trace, ("outside_share", "criterion"), call),
    )


def _scores(trace: Trace, call: Fact, *, binary: bool) -> Iterator[Finding]:
    place, producer = call.where, str(call.data.get("producer", ""))
    if producer not in (BINARY_SCORE_BOUNDS if binary else SCORE_BOUNDS):
        return
    low, high = REACH[producer]
    lowest, highest = _values(trace, "output_min", place), _values(trace, "output_max", place)
    if len(lowest) < MIN_SAMPLES or lowest.min() < low - ROUNDING or highest.max() > high + ROUNDING:
        return
    classes = 2 if binary else int(call.data.get("classes") or 0)
    # one score against 0, or the highest against C-1 lowest ones
    best = 1 / (1 + math.exp(low)) if binary else 1 / (1 + (classes - 1) * math.exp(low - high))
    if classes < 2 or best >= BEST_LIMIT:
        return
    yield RULE.finding(
        where=[str(call.data.get("producer_module") or place)],
        since_step=call.step,
        value=best,
        threshold=BEST_LIMIT,
        unit="probability",
        message=(
            f"{_name(call)} confines the scores of {place} to {_range(low, high)}: the right one of "
            f"{classes} classes gets at most {best:.2f} (limit {BEST_LIMIT:g})"
        ),
        why="the loss takes raw scores; confined ones can never be far enough apart to be sure",
        strength=1 - best / 2,
        evidence=_evidence(trace, ("output_max", "criterion"), call),
    )


def _values(trace: Trace, signal: str, place: str) -> np.ndarray:
    """Finite values of one place, shape (S,); empty when not measured."""
    table = trace.sampled(signal)
    if place not in table.places:
        return np.zeros(0)
    column = table.column(place)
    return column[np.isfinite(column)]


def _drift(trace: Trace, place: str) -> float:
    """How far the batches' own means lie apart, so that sorted targets count as spread."""
    means = (_values(trace, "target_min", place) + _values(trace, "target_max", place)) / 2
    return float(means.std())


def _name(call: Fact) -> str:
    producer, module = call.data["producer"], str(call.data.get("producer_module") or "")
    return f"{module} ({producer})" if module else f"the final {producer}"


def _range(low: float, high: float) -> str:
    return f"{low:g} and above" if math.isinf(high) else f"[{low:g}, {high:g}]"


def _evidence(trace: Trace, signals: tuple[str, str], call: Fact) -> list[Evidence]:
    last = trace.last_step
    return [Evidence(signal, (call.where,), call.step, last) for signal in signals]
