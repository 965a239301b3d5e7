"""This run shows biases that the next norm layer cancels.

What it sees
    A linear layer or convolution with a bias that feeds a batch-norm or
    instance-norm directly.

Why it hurts
    The norm subtracts each channel's mean, and the bias with it.  It takes
    memory, an update at every step and a gradient that is only rounding.  It does
    no harm to what is learnt.

How it decides
    The autograd graph says which layer made what the norm takes; that layer has a
    bias that is trained (unit: layers; source: the formula of the norm).
    Layer-norm and group-norm cancel no bias and are not judged.

Cure
    ``bias=False`` in the layer before the norm.

Cure safety
    drop-bias changes the model's parameters, not its function; saved weights
    no longer match by name.

When it is wrong
    A layer that feeds something else too needs its bias there.

Example
    >>> # nn.Conv2d(3, 16, 3) before nn.BatchNorm2d(16)

References
    Ioffe and Szegedy, "Batch Normalization", arXiv 1502.03167, section 3.2;
    NeuraLint, arXiv 2004.05300.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradwise.rules.rule import Organ, Rule
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Trace

FEWEST = 1  # layers

RULE = Rule(
    name="bias-before-norm",
    code="C22",
    group="habit",
    organ=Organ.WIRING,
    since="0.1.0",
    reads=("fact:layers", "fact:structure", "grad_norm"),
    explains=(),
    cures=("drop-bias",),
    summary="biases that the next norm layer cancels",
)


def check(trace: Trace) -> Iterator[Finding]:
    """Yield one finding for all biases before a norm."""
    told = trace.facts_of("layers")
    feeding = dict(told[-1].data.get("norms") or {}) if told else {}
    pairs = [(layer, norm) for norm, layer in feeding.items() if _has_bias(trace, layer)]
    if len(pairs) < FEWEST:
        return
    layer, norm = pairs[0]
    biases = tuple(f"{layer}.bias" for layer, _ in pairs)
    others = f" and {len(pairs) - 1} more like it" if len(pairs) > 1 else ""
    yield RULE.finding(
        where=[layer for layer, _ in pairs],
        since_step=told[0].step,
        value=len(pairs),
        threshold=0.0,
        unit="layers",
        message=f"the bias of {layer} is subtracted again by {norm}{others}",
        why="the norm removes each channel's mean, so the bias changes nothing; its own shift remains",
        strength=0.1,
        evidence=[Evidence("grad_norm", biases, trace.first_step, trace.last_step)],
    )


def _has_bias(trace: Trace, layer: str) -> bool:
    bias, weight = trace.parameter(f"{layer}.bias"), trace.parameter(f"{layer}.weight")
    if bias is None or weight is None or not weight.is_matrix:
        return False
    return bias.requires_grad and bias.in_optimizer
