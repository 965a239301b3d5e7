"""The order of calls in a step: where clipping stands, and optimizers whose step never comes."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from gradwise.trace.model import Fact
from gradwise.watch.pack import Pack

MEASURING = 1e6  # a limit this high clips nothing: the call only measures the norm
TOLD_AT = (10, 40)  # clip calls after which their order is told, then whenever they doubled
UNSTEPPED_LEAST = 10  # backwards without any step before it is told; weights are compared at every doubling
IDLE_NAMED = 64  # parameters named in a fact


@dataclass
class ClipReader:
    """Counts clip calls by whether there were fresh gradients, and by what became of them.

    A call without a backward since the last step is *late*.  When the next
    thing to come is a backward, nobody used what it clipped: it was *wasted*.
    """

    calls: int = 0
    wasted: int = 0
    function: str = ""
    limit: float = math.nan
    first_late: int = -1
    _late: bool = False
    _told: int = 0

    def call(self, function: str, limit: float, fresh: bool, step: int) -> bool:
        """One call; whether it is late, so that what comes next must be seen."""
        if not abs(limit) < MEASURING:
            return False
        self.calls += 1
        self.function, self.limit = function, limit
        if not fresh and not self._late:
            self._late = True
            self.first_late = step if self.first_late < 0 else self.first_late
            return True
        return False

    def at_backward(self) -> None:
        """A backward begins: what a late call clipped is gone or added to."""
        self.wasted += self._late
        self._late = False

    def at_step(self) -> None:
        """An optimizer steps: it uses what a late call clipped."""
        self._late = False

    def fact(self, step: int, final: bool = False) -> Fact | None:
        """What was counted so far, when it has doubled since it was last told, or at the end."""
        due = self.calls >= TOLD_AT[0] and self.calls >= 2 * self._told
        if not due and not (final and self.calls > self._told):
            return None
        self._told = self.calls
        data = {
            "function": self.function,
            "max_norm": self.limit,
            "calls": self.calls,
            "wasted": self.wasted,
            "first_late": self.first_late,
        }
        return Fact(step, "clip", self.function, data)


def clip_signals(pack: Pack, norm: Any, limit: float) -> None:
    """Norm before clipping and the limit, of a call in a sampled step."""
    if isinstance(norm, Tensor) and norm.numel() == 1 and limit < MEASURING:
        pack.scalar("clip_norm", "clip_grad_norm_", norm.detach().reshape(()))
        pack.number("clip_limit", "clip_grad_norm_", float(limit))


def clip_values(pack: Pack, before: Tensor, after: Tensor | None) -> None:
    """Norms before and after clipping by value, of a call in a sampled step."""
    if after is not None:
        pack.scalar("clip_norm", "clip_grad_value_", before.detach().reshape(()))
        pack.scalar("clip_limit", "clip_grad_value_", after.detach().reshape(()))


@dataclass
class UnsteppedReader:
    """Backwards that run while no optimizer steps: whether the weights stay as they are."""

    backwards: int = 0
    training: int = 0  # of those backwards, with the model in training mode
    graded: bool = False  # a gradient reaches some parameter of an optimizer
    changed: bool = False
    stepped: bool = False  # something did step, later
    optimizers: list[str] = field(default_factory=list)  # their classes, as last seen
    _sums: list[float] = field(default_factory=list)
    _next: int = 1

    def at_backward(self, optimizers: Iterable[Any], training: bool, reached: Container[int]) -> None:
        """A backward begins, and nothing has stepped yet.  Cost: a sum over the weights, ever more rarely.

        Args:
            optimizers: those that exist.
            training: whether the model is in training mode.
            reached: ids of parameters that a gradient reaches.
        """
        self.backwards += 1
        self.training += training
        if self.backwards < self._next:
            return
        self._next = max(UNSTEPPED_LEAST, 2 * self.backwards)
        found = list(optimizers)
        held = held_by(found)
        self.optimizers = sorted({type(o).__name__ for o in found}) if held else []
        self.graded = self.graded or any(id(p) in reached for p in held)
        sums = [float(p.detach().double().sum().item()) for p in held]
        self.changed = self.changed or (len(self._sums) == len(sums) and self._sums != sums)
        self._sums = sums

    @property
    def ailing(self) -> bool:
        """Whether enough backwards ran beside an optimizer that nobody stepped."""
        return (
            bool(self.optimizers) and self.backwards >= UNSTEPPED_LEAST and self.graded and not self.changed
        )

    def fact(self) -> Fact | None:
        """What there is to tell at the end of a run in which no optimizer ever stepped."""
        if not self.ailing:
            return None
        data = {
            "cause": "no-step",
            "optimizers": self.optimizers,
            "backwards": self.backwards,
            "training": self.training,
        }
        return Fact(0, "unstepped", "", data)


@dataclass
class IdleReader:
    """Optimizers that never step while others do, though their parameters get gradients."""

    sums: dict[int, float] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def look(self, idle: Iterable[Any], names: dict[int, str], taken: set[int], step: int) -> Fact | None:
        """A fact when the idle parameters differ from those told before.

        Args:
            idle: optimizers that have never stepped.
            names: of the parameters, by id.
            taken: ids of the parameters in optimizers that do step.
            step: the current step.
        """
        found: list[str] = []
        kinds: set[str] = set()
        for optimizer in idle:
            for parameter in held_by([optimizer]):
                if id(parameter) in taken or parameter.grad is None or not parameter.requires_grad:
                    continue
                if parameter.grad.is_sparse:
                    continue
                total = float(parameter.detach().double().sum().item())
                before = self.sums.setdefault(id(parameter), total)
                if before == total:
                    kinds.add(type(optimizer).__name__)
                    found.append(names.get(id(parameter), f"a {tuple(parameter.shape)} tensor"))
        if found == self.told:
            return None
        self.told = found
        data = {
            "cause": "idle",
            "optimizers": sorted(kinds),
            "parameters": found[:IDLE_NAMED],
            "count": len(found),
        }
        return Fact(step, "unstepped", "", data)


def held_by(optimizers: Iterable[Any]) -> list[Tensor]:
    """All tensors that the optimizers hold and that require a gradient."""
    return [p for o in optimizers for group in o.param_groups for p in group["params"] if p.requires_grad]
