"""This run shows a first loss far above that of an even guess.

What it sees
    A classifier that starts out sure and wrong: before any training its
    cross-entropy is several times ln C, the loss of an even guess among C
    classes, and a good part of the run goes by until it is below.

Why it hurts
    The first steps only undo the start.  Large scores saturate the softmax, and
    under Adam the rate is spent on shrinking weights.

How it decides
    The first loss is at least 3 times ln C and at least 3 above it, and sampled
    losses come below ln C only after 10 % of the run, 20 steps at least (units: nats,
    share of steps; ours, after Karpathy's check of the loss at init).  The scores
    must come straight from a layer: scaled similarities start high on purpose;
    and the targets are class ids, or a yes or no for each score.  A product and
    a bias added by hand count as a layer in a run that does not learn well.

Cure
    Start the last layer small: its weights near zero, its bias at zero or at the
    log of the class shares; standardise inputs that are large.

Cure safety
    init-head changes training only.

When it is wrong
    Rates so small that the way down takes long from any start.

Example
    >>> # nn.init.normal_(model.head.weight, std=5.0)

References
    Karpathy, "A Recipe for Training Neural Networks" (2019), "verify loss @ init".
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gradwise.rules.calls import Call, loss_calls
from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

TIMES_EVEN = 3.0  # times ln C; ours
ABOVE_EVEN = 3.0  # nats above ln C: the right class gets a twentieth of its even share; ours
LOST_SHARE = 0.1  # share of the run until the loss is that of an even guess; ours
LOST_STEPS = 20  # steps; fewer are lost in no time
FROM_LAYER = ("linear", "conv")
YES_NO = "binary_cross_entropy_with_logits"  # two classes for each score

RULE = Rule(
    name="initial-loss-off",
    code="L06",
    group="sick",
    organ=Organ.OUTCOME,
    since="0.1.0",
    reads=(
        "fact:loss-call", "fact:optimizer", "loss", "criterion", "trivial", "accuracy", "majority",
        "target_std",
    ),
    explains=(
        "saturated-activation", "loses-to-baseline", "underfitting", "trained-too-short", "noisy-labels",
        "class-imbalance", "majority-collapse", "loss-not-decreasing",
    ),
    cures=("init-head", "standardize-input", "he-init"),
    summary="a first loss far above that of an even guess",
)  # fmt: skip


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding per cross-entropy that starts far too high and stays there for long."""
    for call in loss_calls(trace):
        if call.mixed or not call.data.get("reduced"):
            continue
        if call.function == YES_NO and call.maker[0] in FROM_LAYER and not call.data.get("class_weights"):
            yield from _judge(trace, call, 2)
        if call.function != "cross_entropy" or call.classes < 2:
            continue
        ids = str(call.data.get("target_dtype") or "int").startswith(("int", "uint"))
        by_hand = _by_hand(call) and not outcome(trace).good  # tied embeddings start high too, and learn
        if ids and (by_hand or call.maker[0] in FROM_LAYER):
            yield from _judge(trace, call, call.classes)


def _by_hand(call: Call) -> bool:
    """Whether the scores are a product and a bias that is added by hand."""
    made = [str(one["operation"]) for one in call.data.get("lineage", ())][:2]
    return made[:1] == ["Add"] and made[-1] in FROM_LAYER


def _judge(trace: Trace, call: Call, classes: int) -> Iterator[Finding]:
    table = trace.sampled("criterion")
    if call.place not in table.places or not len(table) or table.steps[0] != trace.first_step:
        return
    values, even = table.column(call.place), math.log(classes)
    first = float(values[0])
    limit = max(TIMES_EVEN * even, even + ABOVE_EVEN)
    if not np.isfinite(first) or first < limit:
        return
    below = table.steps[np.isfinite(values) & (values <= even)]
    missed = "" if len(below) else ": it never does"
    lost = int(below[0] if len(below) else trace.last_step + 1) - trace.first_step
    if lost < max(LOST_SHARE * trace.steps, LOST_STEPS):
        return
    yield RULE.finding(
        where=[call.maker[1] or call.place],
        since_step=trace.first_step,
        value=first / even,
        threshold=TIMES_EVEN,
        unit="times ln C",
        message=(
            f"{call.place} starts at {first:.3g}, an even guess among {classes} classes has {even:.2g} "
            f"(limit {limit:.2g}), and that takes {lost} of {trace.steps} steps to reach{missed}"
        ),
        why="the network starts out sure and wrong; the first part of the run only undoes that",
        strength=min(lost / trace.steps, 1.0),
        evidence=evidence_at(trace, ("criterion",), call.place, trace.first_step),
    )
