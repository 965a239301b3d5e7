"""The training step under bfloat16 autocast: whether it is faster, and whether the loss stays.

What it is
    Tensor cores and recent CPUs multiply bfloat16 several times faster than float32.  Forward and backward of
    the captured step are timed both ways on the copy.

Formula
    gain = seconds in the script's precision ÷ seconds under autocast; change = relative difference of the
    loss

Defaults
    median of up to 25 turns each

When
    - runs that multiply large matrices or convolve

When not
    - autocast is on already, or hardware without bfloat16: it abstains
    - small nets, where casting costs more than it gains

Confused with
    - half precision (float16), which needs a scaler

Example
    >>> from gradwise.probes.precision import GAIN
    >>> GAIN
    1.2

Claims
    - the loss under autocast is within 5 % of float32's, else no gain is told

References
    Micikevicius and others, arXiv 1710.03740; Kalamkar and others, arXiv 1905.12322.
"""

from __future__ import annotations

import torch

from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.timing import compare

GAIN = 1.2  # times as fast, at which bfloat16 is called faster; ours
CHANGE = 0.05  # relative difference of the loss that is let pass; ours

PROBE = Probe(
    name="precision",
    summary="whether bfloat16 autocast makes the step faster",
    needs=("batch",),
    since="0.1.0",
)


def run(bench: Bench) -> Answer:
    """Time the step in both precisions."""
    replica, batch = bench.replica, bench.batches[-1]
    if batch.autocast:
        raise Abstain("autocast is on already")
    kind = replica.parameters[0].device.type if replica.parameters else "cpu"
    if not supported(kind):
        raise Abstain("this hardware has no bfloat16 arithmetic")
    replica.load("captured")

    def plain() -> None:
        replica.gradients(replica.loss(batch))

    def cast() -> None:
        with torch.autocast(kind, dtype=torch.bfloat16):
            loss = replica.loss(batch)
        replica.gradients(loss)

    with torch.no_grad(), torch.autocast(kind, dtype=torch.bfloat16):
        other = float(replica.loss(batch))
    change = abs(other - batch.loss) / max(abs(batch.loss), 1e-12)
    seconds = compare({"float32": plain, "bfloat16": cast}, bench.watch)
    gain = seconds["float32"] / seconds["bfloat16"]
    text = (
        f"the step takes {seconds['bfloat16'] * 1e3:.3g} ms under bfloat16 autocast and "
        f"{seconds['float32'] * 1e3:.3g} without; the loss differs by {change:.2%}"
    )
    faster = gain >= GAIN and change <= CHANGE
    return Answer(
        text, "faster" if faster else "no gain", {"gain": gain, "change": change, "seconds": seconds}
    )


def supported(kind: str) -> bool:
    """Whether the device multiplies bfloat16 by itself."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if kind == "cpu":
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return False
