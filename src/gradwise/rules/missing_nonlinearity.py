"""This run shows layers that are one linear map.

What it sees
    From the prediction back to the input the autograd graph holds two or more
    trained layers and between them nothing that bends: shapes, sums, averages,
    dropout and batch-norm at most.

Why it hurts
    Linear layers in a row are one linear layer with more parameters.  Depth and
    width win nothing; what a straight cut cannot tell apart stays unlearnt.

How it decides
    Two or more linear layers or convolutions (three, where all are convolutions) behind
    each other with everything between them affine, residual sums and inputs side by side
    included, and the run removes less than 90 % of
    what can be removed, or ends in a loss that is not finite (unit: the better of skill
    and lift; ours: above it a linear map is all the task needs).  Any operation that is not known to be
    affine counts as non-linear: functions, attention, gating, pooling by maximum,
    normalisation of single samples, a product of two tensors.  Where the network bends
    later on, the first two layers after the input are named, or three anywhere, when
    the layer between is wider than its input and less than 40 % is learnt (ours).
    Left alone are a layer between that is narrower than both ends (low-rank
    factors, adapters, linear autoencoders), weights that are used twice,
    convolutions in groups, embeddings, frozen layers, and adversarial training.

Cure
    A ReLU, GELU or tanh after every layer but the last.

Cure safety
    insert-activation changes the model.

When it is wrong
    Deep linear networks that are studied as such.  A task that is linear and
    noisy gains nothing from the cure.  Two linear layers deep within a network that
    is non-linear elsewhere are not reported: that is often meant.

Example
    >>> # nn.Sequential(nn.Linear(2, 64), nn.Linear(64, 64), nn.Linear(64, 2)) on two moons

References
    Goodfellow, Bengio, Courville, "Deep Learning", section 6.1; NeuraLint, arXiv
    2004.05300 (missing activation).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradwise.rules.calls import Call, is_dropout, loss_calls
from gradwise.rules.learning import outcome
from gradwise.rules.rule import Organ, Rule, evidence_at
from gradwise.trace.findings import Finding
from gradwise.trace.model import Trace

REACHED_LIMIT = 0.9  # better of skill and lift; above it a linear map is all that the task needs; ours
PART_REACHED = 0.4  # the same, where only a part of the network is linear; ours
FEWEST_INNER = 3  # layers of such a part that does not begin at the input
MIN_STEPS = 30  # training steps before anything is said about what was reached
FEWEST_MAPS = 2  # layers
NAMED = 4  # layers in the message
FEWEST_CONVS = 3  # layers, where all are convolutions: two make one separable filter

MAPS = ("linear", "conv")
AFFINE = (
    "Add", "Sub", "Rsub", "Neg", "Mean", "Sum", "AvgPool2D", "AvgPool3D", "AdaptiveAvgPool1D",
    "AdaptiveAvgPool2D", "AdaptiveAvgPool3D", "MkldnnAdaptiveAvgPool2D", "ConstantPadNd", "dropout",
    "ReflectionPad1D", "ReflectionPad2D", "ReplicationPad1D", "ReplicationPad2D", "UpsampleNearest1D",
    "UpsampleNearest2D", "UpsampleBilinear2D", "UpsampleLinear1D", "CopySlices", "CopyBackwards",
)  # fmt: skip
# What may stand behind the last layer, before the loss.
OUTPUTS = ("softmax", "log_softmax", "sigmoid", "log_sigmoid", "tanh", "relu", "softplus", "Exp", "Clamp")

RULE = Rule(
    name="missing-nonlinearity",
    code="C15",
    group="sick",
    organ=Organ.ARCHITECTURE,
    since="0.1.0",
    reads=(
        "fact:loss-call", "fact:structure", "loss", "criterion", "trivial", "accuracy", "majority",
        "target_std", "fact:optimizer",
    ),
    explains=(
        "underfitting", "loss-not-decreasing", "loses-to-baseline", "constant-output", "majority-collapse",
        "activation-scale-drift", "lr-too-low", "trained-too-short", "noisy-labels", "class-imbalance",
    ),
    cures=("insert-activation",),
    summary="layers in a row with nothing non-linear between",
)  # fmt: skip

Step = Mapping[str, Any]


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for a network without any non-linearity."""
    if trace.steps < MIN_STEPS or any(p.is_matrix and not p.requires_grad for p in trace.parameters):
        return
    result = outcome(trace)
    reached = max((v for v in (result.skill, result.lift) if np.isfinite(v)), default=np.nan)
    reached = 0.0 if result.nonfinite else reached
    if result.opposing or not reached < REACHED_LIMIT:
        return
    for call in loss_calls(trace):
        maps, limit = _linear_maps(trace, call), REACHED_LIMIT
        if not maps and reached < PART_REACHED and not result.nonfinite:
            maps, limit = _linear_part(trace, call), PART_REACHED
        if maps:
            yield _finding(trace, call, maps, reached, limit)
            return


def _linear_maps(trace: Trace, call: Call) -> list[Step]:
    """The layers of a network that is linear, nearest the loss first; none where it is not."""
    *way, end = call.lineage
    if call.mixed or (end["operation"] != "input" and "beyond" not in end):
        return []
    first = next((at for at, step in enumerate(way) if step["operation"] in MAPS), len(way))
    before, inner = way[:first], [*way[first:], *end.get("beyond", ())]
    if not all(_affine(trace, step) or step["operation"] in OUTPUTS for step in before):
        return []
    maps = [step for step in inner if step["operation"] in MAPS]
    if not maps or not all(step in maps or _affine(trace, step) for step in inner) or not _plain(maps):
        return []
    deep = sum(step["operation"] in MAPS for step in way) + end.get("deep", 0)
    fewest = FEWEST_CONVS if all(step["operation"] == "conv" for step in maps) else FEWEST_MAPS
    return maps if deep >= fewest and not _narrow(maps) else []


def _linear_part(trace: Trace, call: Call) -> list[Step]:
    """Layers in a row at the input, or deeper within, that are one linear map and no factorisation."""
    steps = call.lineage
    if call.mixed or steps[-1]["operation"] != "input":
        return []
    part: list[Step] = []
    for step in [*steps[-2::-1], {"operation": "loss"}]:  # from the input on
        if step["operation"] in MAPS:
            part.append(step)
        elif not _affine(trace, step):
            fewest = FEWEST_MAPS if part and part[0] is _first_map(steps) else FEWEST_INNER
            if len(part) >= fewest and _plain(part) and _widening(part):
                return part[::-1]
            part = []
    return []


def _first_map(steps: Sequence[Step]) -> Step | None:
    """The layer next to the input, if nothing that bends stands before it."""
    return next((step for step in reversed(steps) if step["operation"] != "input"), None)


def _widening(maps: Sequence[Step]) -> bool:
    """Whether some layer between is wider than what enters the first: more than a factorisation needs."""
    return any(step["out"] > maps[0]["in"] for step in maps[:-1]) and maps[0]["operation"] == "linear"


def _affine(trace: Trace, step: Step) -> bool:
    operation, module = step["operation"], str(step.get("module") or "")
    if operation == "batch_norm":
        info = trace.module(module)
        return info is not None and info.type.startswith("BatchNorm")  # instance-norm is the same operation
    return operation in AFFINE or (operation == "Mul" and is_dropout(trace, module))


def _plain(maps: Sequence[Step]) -> bool:
    return all("out" in step and not step.get("tied") and step.get("groups", 1) == 1 for step in maps)


def _narrow(maps: Sequence[Step]) -> bool:
    """Whether some layer between is narrower than both ends: a factorisation, not a hidden layer."""
    ends = min(maps[0]["out"], maps[-1]["in"])
    return any(step["out"] < ends for step in maps[1:])


def _finding(trace: Trace, call: Call, maps: Sequence[Step], reached: float, limit: float) -> Finding:
    names = [
        str(step.get("module") or f"{step['operation']} {step['in']}x{step['out']}") for step in maps[::-1]
    ]
    more = ", ..." if len(maps) > NAMED else ""
    since = trace.first_step
    return RULE.finding(
        where=names,
        since_step=since,
        value=reached,
        threshold=limit,
        unit="share of the loss or of the errors",
        message=(
            f"{len(maps)} layers ({', '.join(names[:NAMED])}{more}) follow each other with "
            f"nothing non-linear between, and {max(reached, 0):.0%} is learnt (limit {limit:.0%})"
        ),
        why="together they are one linear map: what no straight cut can tell apart stays unlearnt",
        strength=1 - max(reached, 0.0) / 2,
        evidence=evidence_at(trace, ("criterion", "accuracy"), call.place, since),
    )
