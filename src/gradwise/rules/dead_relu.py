"""This run shows units that never fire.

What it sees
    ReLU units whose output was at or below zero on more than 99 % of the inputs
    of each of several sampled steps, for much of a layer.

Why it hurts
    The gradient of a ReLU is zero where its output is zero.  A unit that is
    silent on every input receives no gradient and cannot come back; the layer
    loses that part of its width for good.

How it decides
    The share of silent units of a layer, median over the second half of the run,
    is above 60 %, or above 90 % where the run learns well (skill of 0.5 and more
    against the best constant prediction, and no idle first third) or the batches
    hold fewer than 16 samples; or 97 % are silent in the last four samples (unit: share
    of units; ours, calibrated on the detection corpus).
    ReLUs of sums and thresholds are judged like those of layers.
    Zeros of single batches are never judged: a sparse unit that fires for some
    inputs is alive.  Batches of fewer than 8 samples are not judged at all.

Cure
    Lower the learning rate, start from He initialisation with zero biases, put
    batch-norm before the activation, or use a leaky ReLU.

Cure safety
    lower-lr and he-init change training only; leaky-relu and batch-norm change
    the model.

When it is wrong
    A very sparse but healthy wide layer on few inputs can look dead when the
    batches are small and all alike.

Example
    >>> # nn.Linear(64, 256).bias.data.fill_(-10) before an nn.ReLU

References
    SageMaker Debugger, dead ReLU rule; Lu et al., "Dying ReLU and
    Initialization", arXiv 1903.06733.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradwise.rules.learning import POOR_SKILL, outcome
from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

SILENT_LIMIT = 0.6  # share of a layer's units; ours, calibrated
STRICT_LIMIT = 0.9  # the same where the run learns well or the batches are small; ours
FULL_BATCH = 16  # samples; three such batches show a unit that fires on 5 % of inputs with p > 0.9
SMALL_BATCH = 8  # samples; fewer say nothing about silence
ALL_SILENT = 0.97  # share of silent units at the end that counts whatever was before; ours
MIN_SAMPLES = 4  # sampled steps before a layer is judged; the window itself needs 3
BARE = "relu"  # how places of ReLUs begin that are no modules, such as a sum's or a threshold's
EARLY_SAMPLES = 3  # first measured windows: silent there means silent from the start

RULE = Rule(
    name="dead-relu",
    code="A01",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "silent_share", "batch_size", "loss", "criterion", "trivial", "accuracy", "majority", "target_std",
        "fact:optimizer", "fact:structure",
    ),
    explains=(
        "vanishing-gradient", "loss-not-decreasing", "underfitting", "constant-output",
        "majority-collapse", "class-imbalance", "lr-too-low", "loses-to-baseline", "trained-too-short",
        "activation-scale-drift",
    ),
    cures=("lower-lr", "leaky-relu", "he-init", "batch-norm"),
    summary="ReLU units that are silent on every input",
)  # fmt: skip

Layer = tuple[str, float, int]  # place, late share, first step above the limit


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for all layers that are mostly silent."""
    limit = _limit(trace)
    if limit is None or len(trace.sampled("silent_share")) < MIN_SAMPLES:
        return
    dead = _silent_layers(trace, limit)
    if not dead:
        return
    worst = max(dead, key=lambda layer: layer[1])
    since = min(layer[2] for layer in dead)
    born = _silent_at_start(trace, worst[0], limit)
    yield RULE.finding(
        where=[place for place, _, _ in dead],
        since_step=since,
        value=worst[1],
        threshold=limit,
        unit="share of units",
        message=(
            f"{worst[1]:.0%} of the units of {worst[0]} are silent on every input"
            f"{' from the start' if born else ''} (limit {limit:.0%})"
        ),
        why="a silent ReLU unit gets no gradient, so it never comes back",
        strength=worst[1],
        evidence=[Evidence("silent_share", tuple(p for p, _, _ in dead), since, trace.last_step)],
        cures=("he-init", "leaky-relu", "batch-norm", "lower-lr") if born else None,
    )


def _limit(trace: Trace) -> float | None:
    """The share to judge by; None when batches are too small to judge."""
    sizes = trace.sampled("batch_size").values
    sizes = sizes[np.isfinite(sizes)]
    size = float(np.median(sizes)) if len(sizes) else FULL_BATCH
    if size < SMALL_BATCH:
        return None
    strict = size < FULL_BATCH or (outcome(trace).good and not _late(trace))
    return STRICT_LIMIT if strict else SILENT_LIMIT


def _late(trace: Trace) -> bool:
    """Whether the loss had hardly moved when a third of the run was over."""
    loss = trace.step_signal("loss")
    finite = loss.mean[np.isfinite(loss.mean)]
    early = finite[len(finite) // 5 : len(finite) // 3]
    return bool(len(early) and np.median(early) > (1 - POOR_SKILL) * np.median(finite[:5]))


def _silent_layers(trace: Trace, limit: float) -> list[Layer]:
    table = trace.sampled("silent_share")
    found: list[tuple[Layer, bool]] = []
    for place in table.places:
        module = trace.module(place)
        if not (place.startswith(BARE) if module is None else module.activation in ("relu", "relu6")):
            continue
        share = table.column(place)
        steps, share = table.steps[np.isfinite(share)], share[np.isfinite(share)]
        if len(share) < MIN_SAMPLES - 2:  # the first two samples fill the window
            continue
        late = float(np.median(share[len(share) // 2 :]))
        end = float(np.median(share[-MIN_SAMPLES:]))
        late = end if end >= ALL_SILENT else late
        if late > limit:
            own = module is not None and module.is_activation
            found.append(((place, late, int(steps[np.argmax(share > limit)])), own))
    layers = [layer for layer, is_activation in found if not is_activation]
    return layers or [layer for layer, _ in found]


def _silent_at_start(trace: Trace, place: str, limit: float) -> bool:
    share = trace.sampled("silent_share").column(place)
    return bool((share[np.isfinite(share)][:EARLY_SAMPLES] > limit).all())
