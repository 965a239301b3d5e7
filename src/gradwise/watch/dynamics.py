"""How gradients behave from step to step and through time, at sampled steps."""

from __future__ import annotations

from typing import Any

from torch import nn

from gradwise.trace.model import Fact
from gradwise.watch.agreement import AgreementReader
from gradwise.watch.carrying import CarryReader
from gradwise.watch.guard import Guard
from gradwise.watch.pack import Pack
from gradwise.watch.through_time import TimeReader


class Dynamics:
    """The readers of gradients, with their errors contained.

    Args:
        guard: contains errors.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.agreement = AgreementReader()
        self.time = TimeReader()
        self.carry = CarryReader()
        self._step = 0
        self._calls: dict[str, int] = {}
        self._labels: dict[int, str] = {}

    def begin(self, step: int, index: int) -> None:
        """The ``index``-th sample begins."""
        self._step, self._calls = step, {}
        self.time.begin(index)
        self.carry.begin()

    def see(self, name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any, pack: Pack) -> None:
        """A leaf module has run in a training pass."""
        if self.guard.allows("carry"):
            try:
                self.carry.see(name, module, inputs, output, self._step, pack)
            except Exception as error:  # noqa: BLE001
                self.guard.contain("carry", error, self._step)
        if not self.time.due or not self.guard.allows("time"):
            return
        self._calls[name] = self._calls.get(name, 0) + 1
        try:
            self.time.see(name, module, inputs, output, self._calls[name])
        except Exception as error:  # noqa: BLE001
            self.guard.contain("time", error, self._step)

    def after_backward(self, pack: Pack) -> None:
        """A backward has run; the weights are still those of the forward pass."""
        self.carry.flush(self._step, pack)
        if not self.time.due or not self.guard.allows("time"):
            return
        try:
            self.time.read(pack)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("time", error, self._step)

    def before_step(self, optimizer: Any, pack: Pack) -> None:
        """An optimizer is about to step."""
        if not self.guard.allows("agreement"):
            return
        label = self._labels.setdefault(id(optimizer), f"{type(optimizer).__name__}#{len(self._labels) + 1}")
        try:
            self.agreement.look(optimizer, label, self._step, pack)
        except Exception as error:  # noqa: BLE001
            self.guard.contain("agreement", error, self._step)

    def fact(self, step: int) -> Fact | None:
        """What the sample that ends tells of states that are carried on."""
        return self.carry.fact(step)
