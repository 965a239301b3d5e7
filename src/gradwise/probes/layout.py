"""The training step in channels-last memory layout: whether convolutions get faster.

What it is
    Convolution kernels read all channels of a pixel together.  In the layout that torch starts with these lie
    far apart and are gathered at every layer; ``channels_last`` puts them side by side.

Formula
    gain = seconds with the script's layout ÷ seconds with model and images in channels-last

Defaults
    median of up to 25 turns each

When
    - nets of 2-d convolutions with more than a few channels

When not
    - no 2-d convolution, or images in channels-last already: it abstains

Confused with
    - the axis order (N, H, W, C): shapes stay (N, C, H, W) here, only memory changes

Example
    >>> from gradwise.probes.layout import GAIN
    >>> GAIN
    1.15

Claims
    - the result of the step stays what it was to rounding

References
    PyTorch tutorial "Channels Last Memory Format".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.replica import Replica
from gradwise.probes.timing import compare

GAIN = 1.15  # times as fast, at which channels-last is called faster; ours

PROBE = Probe(
    name="layout",
    summary="whether channels-last makes convolutions faster",
    needs=("batch",),
    since="0.1.0",
)


def run(bench: Bench) -> Answer:
    """Time the step in both layouts."""
    replica, batch = bench.replica, bench.batches[-1]
    if not any(isinstance(module, nn.Conv2d) for module in replica.model.modules()):
        raise Abstain("the model has no 2-d convolution")
    images = [a for a in batch.args if isinstance(a, Tensor) and a.dim() == 4]
    if not images or (images[0].shape[1] > 1 and images[0].is_contiguous(memory_format=torch.channels_last)):
        raise Abstain("the images lie in channels-last already")
    replica.load("captured")
    twin = Replica(bench.captured)
    twin.readout, twin.factor = replica.readout, replica.factor
    twin.load("captured")
    twin.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    args = tree_map(_last, batch.args)

    def plain() -> None:
        replica.gradients(replica.loss(batch))

    def last() -> None:
        twin.gradients(twin.loss(batch, args=args))

    seconds = compare({"the layout as it is": plain, "channels-last": last}, bench.watch)
    gain = seconds["the layout as it is"] / seconds["channels-last"]
    text = (
        f"the step takes {seconds['channels-last'] * 1e3:.3g} ms in channels-last and "
        f"{seconds['the layout as it is'] * 1e3:.3g} as it is"
    )
    return Answer(text, "faster" if gain >= GAIN else "no gain", {"gain": gain, "seconds": seconds})


def _last(value: object) -> object:
    if isinstance(value, Tensor) and value.dim() == 4:
        return value.to(memory_format=torch.channels_last)
    return value
