"""Whether a recurrent module begins a step in the state in which it ended the step before."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from gradwise.trace.model import Fact
from gradwise.watch.pack import Pack

COMPARED = 64  # numbers of a state
TOLD_GROWTH = 2.0  # carried steps over those told before, at which it is told again


class CarryReader:
    """Compares states of sampled steps that follow one another; a start of zeros is none."""

    def __init__(self) -> None:
        self._first: set[str] = set()
        self._ends: dict[str, Tensor] = {}
        self._ended: dict[str, tuple[int, NDArray[np.float32]]] = {}
        self._counts: dict[str, list[int]] = {}  # steps carried, pairs of steps compared
        self._told = 0

    def begin(self) -> None:
        """A sample begins."""
        self._first, self._ends = set(), {}

    def see(
        self, name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any, step: int, pack: Pack
    ) -> None:
        """A module ran in a training pass.  Cost: two cuts of 64 numbers in a step."""
        if not isinstance(module, nn.RNNBase | nn.RNNCellBase):
            return
        if name not in self._first:
            self._first.add(name)
            start = _state(inputs[1]) if len(inputs) > 1 else None
            if start is not None and not start.requires_grad:
                pack.vector(_head(start), partial(self._compare, name, step))
        end = _state(output[1] if isinstance(module, nn.RNNBase) else output)
        if end is not None:
            self._ends[name] = end.detach()

    def flush(self, step: int, pack: Pack) -> None:
        """The pass is over: keep where the modules ended."""
        for name, end in self._ends.items():
            pack.vector(_head(end), partial(self._keep, name, step))
        self._ends = {}

    def fact(self, step: int) -> Fact | None:
        """How often states were carried, by module, when that is news."""
        carried = {name: pair for name, pair in self._counts.items() if pair[0]}
        total = sum(pair[0] for pair in carried.values())
        if total < max(TOLD_GROWTH * self._told, 1):
            return None
        self._told = total
        return Fact(step, "carried", "", {name: list(pair) for name, pair in carried.items()})

    def _compare(self, name: str, step: int, numbers: NDArray[np.float32]) -> None:
        before, end = self._ended.get(name, (-1, None))
        if end is None or before != step - 1:
            return
        count = self._counts.setdefault(name, [0, 0])
        count[1] += 1
        count[0] += bool(np.any(numbers) and np.array_equal(numbers, end[: len(numbers)]))

    def _keep(self, name: str, step: int, numbers: NDArray[np.float32]) -> None:
        self._ended[name] = step, numbers.copy()


def _state(value: Any) -> Tensor | None:
    """The state itself, of an LSTM the hidden one."""
    first = value[0] if isinstance(value, tuple) and value else value
    return first if isinstance(first, Tensor) and first.is_floating_point() and first.numel() else None


def _head(state: Tensor) -> Tensor:
    return state.detach().reshape(-1)[:COMPARED].float()
