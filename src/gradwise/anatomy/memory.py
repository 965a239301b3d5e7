"""What autograd keeps of a forward pass for the backward pass: most of the memory that training takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from gradwise.anatomy.meter import Meter


class Kept:
    """Storages that autograd keeps; each counts once, however many tensors share it."""

    def __init__(self) -> None:
        self._storages: dict[int, Any] = {}

    def add(self, tensor: Tensor) -> Tensor:
        """Note what a tensor lies in."""
        storage = tensor.untyped_storage()
        self._storages[storage._cdata] = storage  # noqa: SLF001  the storage itself; on meta all begin at 0
        return tensor

    def bytes_beside(self, model: nn.Module, inputs: Iterable[Tensor]) -> int:
        """Memory of all but parameters, buffers and inputs, which are there in any case."""
        there = {
            tensor.untyped_storage()._cdata  # noqa: SLF001
            for tensor in (*model.parameters(), *model.buffers(), *inputs)
            if not nn.parameter.is_lazy(tensor)
        }
        return sum(storage.nbytes() for key, storage in self._storages.items() if key not in there)


@contextmanager
def keeping() -> Iterator[Kept]:
    """Note what autograd keeps within the block."""
    kept = Kept()
    with saved_tensors_hooks(kept.add, _given_back):
        yield kept


def kept_bytes(model: nn.Module, *inputs: Tensor) -> int:
    """What autograd keeps of one forward pass, in bytes, beside parameters, buffers and inputs.

    Args:
        model: in the mode that counts, usually training mode; its buffers may move.
        *inputs: what it is called with.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.Tanh())  # tanh keeps what it gave: 3 * 8 numbers of 4 bytes
    >>> kept_bytes(net, torch.zeros(3, 4))
    96
    """
    with torch.enable_grad(), keeping() as kept, Meter():  # which is quick on meta
        result = model(*inputs)
    found = kept.bytes_beside(model, inputs)
    del result  # until here, so that no storage takes the place of another
    return found


def _given_back(tensor: Tensor) -> Tensor:
    return tensor
