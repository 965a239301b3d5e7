"""Time per sample with batches two, four and eight times as large.

What it is
    A step has costs that do not grow with the batch: Python, kernel launches, the optimizer.  With tiny
    batches they are all there is.  The captured batch is repeated and forward and backward are timed.

Formula
    gain = seconds per sample with the script's batch ÷ seconds per sample with k times the batch

Defaults
    k = 2, 4, 8; median of up to 25 turns each

When
    - steps are short and many

When not
    - a larger batch changes training: the rate wants adapting (about in proportion)

Confused with
    - `dataloader-bound`: waiting for data, not computing

Example
    >>> from gradwise.probes.batch_size import TIMES
    >>> TIMES
    (1, 2, 4, 8)

Claims
    - a small MLP with batches of 4 computes a sample faster in batches of 32

References
    Goyal and others, arXiv 1706.02677 (rate in proportion); McCandlish and others, arXiv 1812.06162.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from gradwise.probes.bench import Bench, bytes_of
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.timing import compare

TIMES = (1, 2, 4, 8)
MOST_BYTES = 32 << 20  # of a batch that is made larger
GAIN = 2.0  # times as fast per sample, at which batches are called tiny; ours

PROBE = Probe(
    name="batch-size",
    summary="time per sample with larger batches",
    needs=("batch",),
    since="0.1.0",
)


def run(bench: Bench) -> Answer:
    """Time forward and backward with the batch repeated."""
    replica, batch = bench.replica, bench.batches[-1]
    if bytes_of(batch) > MOST_BYTES:
        raise Abstain("the batch is large already")
    replica.load("captured")
    replica.modes(batch)
    samples = len(batch.prediction) if batch.prediction.dim() else 1

    def step(times: int) -> Callable[[], None]:
        repeat = _repeater(samples, times)
        args, kwargs = tree_map(repeat, batch.args), tree_map(repeat, dict(batch.kwargs))

        def one() -> None:
            output = replica.model(*args, **kwargs)
            total = sum((t.float().square().mean() for t in _floats(output)), torch.zeros(()))
            torch.autograd.grad(total, replica.parameters, allow_unused=True)

        return one

    seconds = compare({f"{k} times the batch": step(k) for k in TIMES}, bench.watch)
    each = {k: seconds[f"{k} times the batch"] / (k * samples) for k in TIMES}
    best = min(TIMES, key=lambda k: each[k])
    gain = each[1] / each[best]
    text = (
        f"a sample takes {each[1] * 1e6:.3g} µs in batches of {samples}, "
        f"{each[best] * 1e6:.3g} in batches of {best * samples}"
    )
    data = {
        "samples": samples,
        "gain": gain,
        "best": best * samples,
        "seconds": {str(k): each[k] for k in TIMES},
    }
    return Answer(text, "larger" if gain >= GAIN else "fits", data)


def _repeater(samples: int, times: int) -> Callable[[Any], Any]:
    def repeat(value: Any) -> Any:
        if isinstance(value, Tensor) and value.dim() and len(value) == samples:
            return torch.cat([value] * times)
        return value

    return repeat


def _floats(output: Any) -> list[Tensor]:
    from gradwise.probes.readout import tensors

    return [t for t in tensors(output) if t.requires_grad]
