"""This run shows units that never fire.

What it sees
    ReLU units whose output was at or below zero on more than 99 % of the inputs
    of each of several sampled steps, for much of a layer.

Why it hurts
    The gradient of a ReLU is zero where its output is zero.  A unit that is
    silent on every input receives no gradient and cannot come back; the layer
    loses that part of its width for good.

How it decides
    The share of silent units of a layer, over a window of 3 sampled steps, is
    above 60 % in the second half of the run (unit: share of units; source:
    calibrated on the detection corpus, where healthy layers reach 45 %).  Zeros
    of single batches are never judged: a sparse unit that fires for some inputs
    is alive.

Cure
    Lower the learning rate, start from He initialisation with zero biases, put
    batch-norm before the activation, or use a leaky ReLU.

Cure safety
    lower-lr changes training only; leaky-relu and batch-norm change the model.

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

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

SILENT_LIMIT = 0.6  # share of a layer's units; calibrated, see "How it decides"
MIN_SAMPLES = 4  # sampled steps before a layer is judged; the window itself needs 3

RULE = Rule(
    name="dead-relu",
    code="A01",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=("silent_share", "fact:structure"),
    explains=("vanishing-gradient",),
    cures=("lower-lr", "leaky-relu", "he-init", "batch-norm"),
    summary="ReLU units that are silent on every input",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for all layers that are mostly silent."""
    table = trace.sampled("silent_share")
    if len(table) < MIN_SAMPLES:
        return
    dead: list[tuple[str, float, int]] = []
    for place in table.places:
        module = trace.module(place)
        if module is None or module.activation not in ("relu", "relu6"):
            continue
        share = table.column(place)
        finite = np.isfinite(share)
        if not finite.any():
            continue
        late = np.median(share[finite][finite.sum() // 2 :])
        if late > SILENT_LIMIT:
            since = int(table.steps[finite][np.argmax(share[finite] > SILENT_LIMIT)])
            dead.append((place, float(late), since))
    if not dead:
        return
    worst = max(dead, key=lambda item: item[1])
    since = min(item[2] for item in dead)
    yield RULE.finding(
        where=[place for place, _, _ in dead],
        since_step=since,
        value=worst[1],
        threshold=SILENT_LIMIT,
        unit="share of units",
        message=f"{worst[1]:.0%} of the units of {worst[0]} are silent on every input (limit {SILENT_LIMIT:.0%})",
        why="a silent ReLU unit gets no gradient, so it never comes back",
        strength=worst[1],
        evidence=[Evidence("silent_share", tuple(p for p, _, _ in dead), since, trace.steps)],
    )
