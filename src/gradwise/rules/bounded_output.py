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
    Class scores behind a ReLU: reported when one or more are zero on every input
    in the median sample of the second half, and less than 90 % of the trivial
    loss is removed (units: scores, share; ours).
    Constants that scale and shift what the activation puts out move its range.

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
from dataclasses import dataclass

import numpy as np

from gradwise.rules.calls import measured
from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Fact, Trace

OUTSIDE_SHARE = 0.02  # share of targets; a few outliers may be cut on purpose
EXCESS_LIMIT = 0.25  # standard deviations of the targets beyond the range; ours
SKILL_LIMIT = 0.97  # share of the trivial loss removed; above it the unreachable part is negligible
BEST_LIMIT = 0.9  # probability that the right class must be able to get
MIN_SAMPLES = 3  # sampled steps
SILENT_SCORES = 0.95  # class scores that are zero on every input: one, but for rounding; ours
SILENT_SKILL = 0.9  # share of the trivial loss removed; above it the silent classes hardly occur; ours
ROUNDING = 1e-2  # how far scores may pass the range: half precision

DISTANCE_LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
# Activations that confine scores; softmax has a rule of its own.
SCORE_BOUNDS = ("sigmoid", "hardsigmoid", "tanh", "hardtanh")
RELUS = ("relu", "relu6")
BINARY_SCORE_BOUNDS = ("tanh", "hardtanh", "relu", "relu6", "softplus")

RULE = Rule(
    name="bounded-output",
    code="C16",
    group="sick",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=(
        "fact:loss-call", "outside_share", "target_min", "target_max", "target_std", "output_min",
        "output_max", "silent_share", "criterion", "trivial", "accuracy", "majority",
    ),
    explains=(
        "loss-not-decreasing", "vanishing-gradient", "saturated-activation", "constant-output",
        "dead-relu", "underfitting", "majority-collapse", "lr-too-low", "lr-too-high",
        "unnormalized-target", "loses-to-baseline", "trained-too-short", "fades-through-time",
    ),
    cures=("linear-output",),
    summary="an output activation that cannot reach the targets",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A loss whose predictions an activation bounds."""

    place: str
    since: int
    activation: str
    name: str
    where: str
    low: float
    high: float
    classes: int
    layer: str  # that makes what the activation gets

    @classmethod
    def of(cls, call: Fact) -> _Bounds | None:
        """Read off what the watcher told of a loss call; None when nothing bounds its predictions."""
        activation, ends = str(call.data.get("bounded_by") or ""), call.data.get("reach")
        if not activation or not ends:
            return None
        module = str(call.data.get("bounding_module") or "")
        scaled = ", scaled," if call.data.get("producer") != activation else ""
        return cls(
            place=call.where,
            since=call.step,
            activation=activation,
            name=(f"{module} ({activation})" if module else f"the final {activation}") + scaled,
            where=module or call.where,
            low=-math.inf if ends[0] is None else float(ends[0]),
            high=math.inf if ends[1] is None else float(ends[1]),
            classes=int(call.data.get("classes") or 0),
            layer=next((str(one["module"]) for one in call.data.get("lineage", ()) if "out" in one), ""),
        )

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"{self.low:g} and above"
        return f"{self.high:g} and below" if math.isinf(self.low) else f"[{self.low:g}, {self.high:g}]"

    def beyond(self, lowest: float, highest: float) -> float:
        """How far these values pass the nearer end."""
        return max(self.low - lowest, highest - self.high)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per loss whose prediction is confined."""
    for call in {fact.where: fact for fact in trace.facts_of("loss-call")}.values():
        bounds, function = _Bounds.of(call), call.data.get("function", call.where)
        if bounds is None:
            continue
        if function in DISTANCE_LOSSES:
            yield from _regression(trace, bounds)
        elif function == "cross_entropy" and bounds.activation in RELUS:
            yield from _silent_scores(trace, bounds)
        elif function in ("cross_entropy", "binary_cross_entropy_with_logits"):
            yield from _scores(trace, bounds, binary=function != "cross_entropy")


def _regression(trace: Trace, bounds: _Bounds) -> Iterator[Finding]:
    outside, ends = measured(trace, "outside_share", bounds.place), _extremes(trace, "target", bounds.place)
    share = float(outside.mean()) if len(outside) >= MIN_SAMPLES else 0.0
    if share <= OUTSIDE_SHARE or ends is None:
        return
    lowest, highest = ends
    spread = float(
        np.hypot(np.median(measured(trace, "target_std", bounds.place)), _drift(trace, bounds.place))
    )
    if bounds.beyond(lowest, highest) < EXCESS_LIMIT * spread or outcome(trace).skill >= SKILL_LIMIT:
        return
    yield RULE.finding(
        where=[bounds.where],
        since_step=bounds.since,
        value=share,
        threshold=OUTSIDE_SHARE,
        unit="share of targets",
        message=(
            f"{bounds.name} reaches {bounds} but the targets of {bounds.place} run from "
            f"{lowest:.3g} to {highest:.3g}: {share:.0%} lie outside (limit {OUTSIDE_SHARE:.0%})"
        ),
        why="no weights can bring the prediction there, and at the end of its range the gradient fades",
        strength=0.5 + 0.5 * share,
        evidence=evidence_at(trace, ("outside_share", "criterion"), bounds.place, bounds.since),
    )


def _scores(trace: Trace, bounds: _Bounds, *, binary: bool) -> Iterator[Finding]:
    ends, classes = _extremes(trace, "output", bounds.place), 2 if binary else bounds.classes
    if bounds.activation not in (BINARY_SCORE_BOUNDS if binary else SCORE_BOUNDS) or classes < 2:
        return
    if ends is None or bounds.beyond(*ends) > ROUNDING * max(1.0, abs(bounds.low)):
        return
    best = _best(bounds.low, bounds.high, classes, binary=binary)
    if best >= BEST_LIMIT:
        return
    yield RULE.finding(
        where=[bounds.where],
        since_step=bounds.since,
        value=best,
        threshold=BEST_LIMIT,
        unit="probability",
        message=(
            f"{bounds.name} confines the scores of {bounds.place} to {bounds}: the right one of "
            f"{classes} classes gets at most {best:.2f} (limit {BEST_LIMIT:g})"
        ),
        why="the loss takes raw scores; confined ones can never be far enough apart to be sure",
        strength=1 - best / 2,
        evidence=evidence_at(trace, ("output_max", "criterion"), bounds.place, bounds.since),
    )


def _silent_scores(trace: Trace, bounds: _Bounds) -> Iterator[Finding]:
    shares = max((measured(trace, "silent_share", at) for at in (bounds.where, bounds.layer)), key=len)
    if len(shares) < 2 * MIN_SAMPLES or bounds.classes < 2 or not outcome(trace).reached < SILENT_SKILL:
        return
    silent = float(np.median(shares[len(shares) // 2 :])) * bounds.classes
    if silent < SILENT_SCORES:
        return
    yield RULE.finding(
        where=[bounds.where],
        since_step=bounds.since,
        value=silent,
        threshold=SILENT_SCORES,
        unit="class scores that are zero on every input",
        message=f"{bounds.name} holds {silent:.2g} of {bounds.classes} class scores of {bounds.place} at "
        f"zero on every input (limit {SILENT_SCORES:g})",
        why="a score that a ReLU holds at zero has no gradient: its class is never learnt",
        strength=0.6,
        evidence=evidence_at(trace, ("silent_share", "criterion"), bounds.layer, bounds.since),
    )


def _best(low: float, high: float, classes: int, *, binary: bool) -> float:
    """Probability that the right class can get: one score against 0, or the highest against lowest ones."""
    if binary:
        return min(1 / (1 + math.exp(low)), 1 / (1 + math.exp(-high)))
    return 1 / (1 + (classes - 1) * math.exp(low - high))


def _extremes(trace: Trace, what: str, place: str) -> tuple[float, float] | None:
    """Lowest and highest target or output of the run; None where too few steps tell."""
    lowest, highest = measured(trace, f"{what}_min", place), measured(trace, f"{what}_max", place)
    enough = min(len(lowest), len(highest)) >= MIN_SAMPLES and np.isfinite([*lowest, *highest]).all()
    return (float(lowest.min()), float(highest.max())) if enough else None


def _drift(trace: Trace, place: str) -> float:
    """How far the batches' own means lie apart, so that sorted targets count as spread."""
    means = (measured(trace, "target_min", place) + measured(trace, "target_max", place)) / 2
    return float(means.std())
