"""A copy of weights and optimizer that plays taped training steps again.

It stands in where model and loss function cannot be called by themselves: a loss put together or
written out, several models, several passes.  The user's own tensors are never written to.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import torch
from torch import Tensor

from gradwise.probes.probe import Abstain
from gradwise.probes.readout import ROUNDING, Readout
from gradwise.probes.replica import Start, drop_step_hooks, put_optimizer
from gradwise.trace.captured import CapturedBatch, CapturedState
from gradwise.trace.tape import Call, Slot, Tape, Taped


class TapedReplica:
    """The copy; it answers as `Replica` does to what needs the loss and the weights alone.

    Args:
        taped: what was kept of the run.
        refusal: why model and loss function cannot be called, for probes that need them.

    Raises:
        Abstain: the optimizer cannot be copied.
    """

    readout: Readout | None = None
    frozen_dropout = False  # every call draws what it drew then
    factor = 1.0  # a tape ends in what is descended

    def __init__(self, taped: Taped, refusal: str) -> None:
        self.taped, self.refusal = taped, refusal
        try:
            self.parameters, twins = copy.deepcopy((list(taped.parameters), list(taped.optimizers)))
        except Exception as error:
            raise Abstain(f"the optimizer cannot be copied ({type(error).__name__})") from error
        for twin in twins:
            drop_step_hooks(twin)
        self.optimizer = twins[0] if len(twins) == 1 else Joint(twins)
        self.tensors = {str(number): p for number, p in enumerate(self.parameters)}
        for parameter in self.parameters:
            parameter.grad = None

    def __getattr__(self, name: str) -> NoReturn:
        """What only a model could tell."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise Abstain(self.refusal)

    @property
    def finite(self) -> bool:
        """Whether all weights are finite."""
        return all(bool(torch.isfinite(p).all()) for p in self.parameters)

    def buffers(self) -> dict[str, Tensor]:
        """None: a tape brings its own."""
        return {}

    def load(self, start: Start) -> None:
        """Put weights and optimizer where they were.

        Raises:
            Abstain: that state was not kept.
        """
        if start == "present":
            state = CapturedState(0, {str(n): p for n, p in enumerate(self.taped.parameters)})
        elif start == "initial":
            if self.taped.initial is None:
                raise Abstain("the first weights were not kept")
            state = self.taped.initial
        else:
            state = self.taped.state
        with torch.no_grad():
            for name, kept in state.tensors.items():
                self.tensors[name].copy_(kept)
        for parameter in self.parameters:
            parameter.grad = None
        put_optimizer(self.optimizer, state)

    def loss(self, batch: CapturedBatch, *, args: tuple[Any, ...] | None = None) -> Tensor:
        """What the script descended for that batch, with the weights of the copy.

        Raises:
            Abstain: other arguments of the model are asked for, or a call fails with these weights.
        """
        if batch.tape is None or args is not None:
            raise Abstain(self.refusal)
        try:
            return play(batch.tape, self.parameters)
        except Exception as error:
            raise Abstain(f"the step raises {type(error).__name__} on a copy") from error

    def gradients(self, loss: Tensor) -> None:
        """Gradients of the loss, into the copy's parameters."""
        found = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        for parameter, gradient in zip(self.parameters, found, strict=True):
            parameter.grad = gradient

    def admit(self) -> str:
        """Play the latest step; how well that worked, ``to the last bit`` or ``to rounding``.

        Raises:
            Abstain: it comes to another loss.
        """
        self.load("captured")
        batch = self.taped.batches[-1]
        got = float(self.loss(batch).detach())
        if got == batch.loss:
            return "to the last bit"
        if not abs(got - batch.loss) <= ROUNDING * max(abs(batch.loss), 1e-6):
            raise Abstain(f"on a copy the captured step has loss {got:.6g} and not {batch.loss:.6g}")
        return "to rounding"


class Joint:
    """Several optimizers that step one after another, as one; their groups are counted through."""

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self.optimizers = optimizers
        self.param_groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        self.state = _States(optimizers)

    def step(self) -> None:
        """One step of each."""
        for optimizer in self.optimizers:
            optimizer.step()


class _States:
    """What each of the optimizers keeps of its parameters."""

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self._optimizers = optimizers
        self._of = {id(p): o for o in optimizers for group in o.param_groups for p in group["params"]}

    def clear(self) -> None:
        for optimizer in self._optimizers:
            optimizer.state.clear()

    def __setitem__(self, parameter: Tensor, state: Any) -> None:
        self._of[id(parameter)].state[parameter] = state


def play(tape: Tape, parameters: list[Tensor]) -> Tensor:
    """The end of a tape with these parameters; constants are copied anew where any call writes to one."""
    written = any(call.changes for call in tape.calls)
    held: dict[int, Any] = {slot: parameters[number] for slot, number in tape.parameters.items()}
    for slot, constant in tape.constants.items():
        held[slot] = _fresh(constant) if written else constant
    for call in tape.calls:
        if call.random is not None:
            torch.set_rng_state(call.random)
        with _as_then(call):
            result = call.function(*_filled(call.args, held), **_filled(dict(call.kwargs), held))
        held.update(zip(call.outputs, _tensors(result), strict=True))
    end = held[tape.end]
    assert isinstance(end, Tensor)
    return end


@contextlib.contextmanager
def _as_then(call: Call) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.set_grad_enabled(call.graph))
        for kind, dtype in call.autocast.items():
            stack.enter_context(torch.autocast(kind, dtype=dtype, cache_enabled=False))
        yield


def _fresh(constant: Tensor) -> Tensor:
    return constant.detach().clone().requires_grad_(constant.requires_grad)


def _filled(value: Any, held: dict[int, Any]) -> Any:
    if isinstance(value, Slot):
        return held[value.number]
    if isinstance(value, dict):
        return {key: _filled(one, held) for key, one in value.items()}
    if isinstance(value, tuple | list):
        made = [_filled(one, held) for one in value]
        return made if isinstance(value, list) else tuple(made)
    return value


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for one in value for t in _tensors(one)] if isinstance(value, tuple | list) else []
