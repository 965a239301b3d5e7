"""How what entered the loss is had from what the model puts out.

Scripts flatten, squeeze, slice or softmax between the two.  Which of these it was is found by
trying: the numbers that entered the loss are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

ROUNDING = 1e-4  # relative difference that another order of summation makes in float32; ours

Change = Callable[[Tensor, "torch.Size"], Tensor]


@dataclass(frozen=True, slots=True)
class Readout:
    """One way from output to prediction.

    Args:
        leaf: which tensor of the output, counted flat.
        change: what is done to it, given the shape wanted but for the number of samples.
        exact: the captured prediction came out to the last bit.
    """

    leaf: int
    change: Change
    exact: bool

    def __call__(self, output: Any, shape: torch.Size) -> Tensor:
        """The prediction in an output, in the shape in which it entered the loss."""
        return self.change(tensors(output)[self.leaf], shape)


def tensors(output: Any) -> list[Tensor]:
    """All floating-point tensors in an output, whatever holds them."""
    if not isinstance(output, Tensor | dict | list | tuple) and hasattr(output, "__dict__"):
        output = list(vars(output).values())
    return [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()]


def find(output: Any, prediction: Tensor) -> Readout | None:
    """The way from this output to that prediction; None when none of those known leads there."""
    rough: Readout | None = None
    for position, leaf in enumerate(tensors(output)):
        for change in _CHANGES:
            try:
                got = change(leaf, prediction.shape)
            except (RuntimeError, IndexError, ValueError):
                continue
            if got.shape != prediction.shape:
                continue
            exact = torch.equal(got.detach().to(prediction.dtype), prediction)
            if exact:
                return Readout(position, change, exact=True)
            if rough is None and close(got.detach(), prediction):
                rough = Readout(position, change, exact=False)
    return rough


def close(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors differ by rounding only."""
    one, other = one.double(), other.double()
    scale = float(other.abs().amax()) if other.numel() else 0.0
    return bool(torch.allclose(one, other, rtol=ROUNDING, atol=ROUNDING * scale + 1e-12))


def _moved(source: int, to: int) -> Change:
    return lambda t, shape: t.movedim(source, to).reshape(shape)


def _cut(part: Callable[[Tensor], Tensor]) -> Change:
    return lambda t, shape: part(t).reshape(shape)


def _after(function: Callable[[Tensor], Tensor]) -> Change:
    return lambda t, shape: function(t).reshape(shape)


def _all() -> Iterator[Change]:
    yield lambda t, shape: t.reshape(shape)
    yield from (_moved(1, -1), _moved(-1, 1), _moved(0, 1))
    yield from (_cut(lambda t: t[:, -1]), _cut(lambda t: t[-1]), _cut(lambda t: t[:, 0]))
    yield from (_cut(lambda t: t[:, :-1]), _cut(lambda t: t[:, 1:]), _cut(lambda t: t[:-1]))
    yield from (_cut(lambda t: t[..., 0]), _cut(lambda t: t.mean(1)), _cut(lambda t: t.mean((-2, -1))))
    for dim in (1, -1):
        yield _after(lambda t, dim=dim: t.log_softmax(dim))  # type: ignore[misc]
        yield _after(lambda t, dim=dim: t.softmax(dim))  # type: ignore[misc]
    yield from (_after(torch.sigmoid), _after(torch.tanh), _after(torch.exp), _after(torch.relu))
    yield _cut(lambda t: t.clamp(1e-7, 1 - 1e-7))


_CHANGES: tuple[Change, ...] = tuple(_all())
