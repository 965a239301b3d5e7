"""Writing a training step down call by call, from the first use of a weight to what is descended.

For scripts whose step is no single call of one model and one loss function: losses put together or
written out, several models, several passes.  Only calls that weights take part in are written down;
what comes from elsewhere (data, noise, masks, running statistics) is copied as it is when first used.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import is_functorch_wrapped_tensor
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack, _pop_mode, _push_mode

from gradwise.trace.tape import Call, Slot, Tape, needed

MOST_BYTES = 64 << 20  # of copies on one tape
MOST_CALLS = 20_000  # on one tape
HIDDEN = "a gradient leads through a part that torch does not tell of"
# Turned into no call: what they do is done by whoever plays the tape, or belongs to the user's tensors alone.
SKIPPED = ("backward", "register_hook", "retain_grad")


class Unwritable(Exception):  # noqa: N818  no error: it says why a step cannot be written down
    """Raised within the recorder; its text says why, as a lower-case clause."""


class Recorder(TorchFunctionMode):
    """The mode under which torch's functions are written down.  It calls each with the very same arguments.

    Args:
        trained: the optimizer's parameters, in order.
        copies: constants of earlier tapes by id, with what tells whether they still are the same; written to.
    """

    def __init__(
        self, trained: Sequence[Tensor], copies: dict[int, tuple[weakref.ref[Tensor], int, Tensor]]
    ) -> None:
        super().__init__()
        self.problem = ""  # why this step cannot be written down
        self.spent = 0.0  # s of ours, within the user's calls
        self._trained = {id(p): number for number, p in enumerate(trained)}
        self._copies = copies
        self._calls: list[Call] = []
        self._constants: dict[int, Tensor] = {}
        self._parameters: dict[int, int] = {}
        # id → tensor, slot, version, whether a gradient leads to it
        self._slots: dict[int, tuple[weakref.ref[Tensor], int, int, bool]] = {}
        self._count = self._bytes = 0
        self._closed = False
        _LIVE.add(self)

    # ---- on and off -----------------------------------------------------------------

    def open(self) -> None:
        """From now on."""
        _push_mode(self)

    def close(self) -> None:
        """No more; modes that the script has put on top since stay."""
        self._closed = True
        above: list[Any] = []
        if not any(mode is self for mode in _get_current_function_mode_stack()):
            return
        while (mode := _pop_mode()) is not self:
            above.append(mode)
        for mode in reversed(above):
            _push_mode(mode)

    def tape(self, end: Tensor) -> Tape:
        """What leads to ``end``.

        Raises:
            Unwritable: it cannot be played again.
        """
        self._closed = True
        if self.problem:
            raise Unwritable(self.problem)
        known = self._slots.get(id(end))
        if known is None or known[0]() is not end:
            raise Unwritable("what is descended comes from elsewhere")
        number = _unscaled(self._calls, known[1], self._constants)
        return Tape(needed(self._calls, number), self._constants, self._parameters, number)

    # ---- the mode -------------------------------------------------------------------

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function, and write it down where weights take part."""
        named = kwargs or {}
        if self._closed:
            return func(*args, **named)
        begin = perf_counter()
        given: tuple[Any, ...] | None = None
        random: Tensor | None = None
        tensors: list[Tensor] = []
        try:
            _collect((args, named), tensors)
            if self._takes_part(tensors) and getattr(func, "__name__", "") not in SKIPPED:
                given = self._template(args), self._template(named)
                random = torch.get_rng_state()
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self._give_up(error)
        self.spent += perf_counter() - begin
        result = func(*args, **named)
        if given is None or self._closed:
            return result
        begin = perf_counter()
        try:
            self._write(func, given, tensors, result, random)
        except Exception as error:  # noqa: BLE001
            self._give_up(error)
        self.spent += perf_counter() - begin
        return result

    def _give_up(self, error: Exception) -> None:
        self._closed = True
        told = str(error) if isinstance(error, Unwritable) else f"{type(error).__name__} while it was taped"
        self.problem = self.problem or told
        self._calls, self._constants, self._slots = [], {}, {}

    def _takes_part(self, tensors: Sequence[Tensor]) -> bool:
        part = False
        for tensor in tensors:
            known = self._slots.get(id(tensor))
            part = part or tensor.requires_grad or (known is not None and known[0]() is tensor)
        return part

    def _template(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return Slot(self._slot(value))
        if isinstance(value, torch.Generator):
            raise Unwritable("random numbers come from a generator of the script's own")
        if isinstance(value, dict):
            return {key: self._template(one) for key, one in value.items()}
        if isinstance(value, tuple | list):
            made = [self._template(one) for one in value]
            return made if isinstance(value, list) else tuple(made)
        return value

    def _slot(self, tensor: Tensor) -> int:
        """Where a tensor stands on the tape; one not met before, or changed since, gets a place."""
        known = self._slots.get(id(tensor))
        if known is not None and known[0]() is tensor and known[2] == tensor._version:
            if known[3] != tensor.requires_grad:  # a `torch.autograd.Function` made it, out of sight
                raise Unwritable(HIDDEN)
            return known[1]
        if is_functorch_wrapped_tensor(tensor):
            raise Unwritable("the step runs under a transform of torch.func")
        if tensor.device.type != "cpu":
            raise Unwritable("what is no single call of one model is taped on the CPU only")
        number = self._trained.get(id(tensor))
        if tensor.requires_grad and not tensor.is_leaf:
            raise Unwritable(HIDDEN)
        if number is not None and known is not None and known[0]() is tensor:
            raise Unwritable("a weight is changed within the step")
        place = self._note(tensor)
        if number is not None:
            self._parameters[place] = number
        else:
            self._constants[place] = self._copy(tensor)
        return place

    def _note(self, tensor: Tensor) -> int:
        self._count += 1
        self._stand(tensor, self._count)
        return self._count

    def _stand(self, tensor: Tensor, place: int) -> None:
        self._slots[id(tensor)] = weakref.ref(tensor), place, tensor._version, tensor.requires_grad

    def _copy(self, tensor: Tensor) -> Tensor:
        known = self._copies.get(id(tensor))
        if known is not None and known[0]() is tensor and known[1] == tensor._version:
            return known[2]
        self._bytes += tensor.numel() * tensor.element_size()
        if self._bytes > MOST_BYTES:
            raise Unwritable("what the step is made of is too large to keep a copy of")
        copy = tensor.detach().clone()
        if tensor.requires_grad:
            copy.requires_grad_()
        self._copies[id(tensor)] = weakref.ref(tensor), tensor._version, copy
        return copy

    def _write(
        self, func: Any, given: tuple[Any, ...], tensors: Sequence[Tensor], result: Any, random: Any
    ) -> None:
        changes = False
        for tensor in tensors:
            _, place, version, led = self._slots[id(tensor)]
            if tensor._version != version or tensor.requires_grad != led:
                changes = True
                self._stand(tensor, place)
        made: list[Tensor] = []
        _collect(result, made)
        if not made and not changes:
            return
        outputs = []
        for tensor in made:
            known = self._slots.get(id(tensor))
            own = known is not None and known[0]() is tensor
            outputs.append(known[1] if own and known is not None else self._note(tensor))
        if len(self._calls) >= MOST_CALLS:
            raise Unwritable(f"the step takes more than {MOST_CALLS:,} calls")
        drew = not torch.equal(random, torch.get_rng_state())
        args, kwargs = given
        call = Call(func, args, kwargs, tuple(outputs), changes, torch.is_grad_enabled(), _autocast())
        self._calls.append(call if not drew else _drawing(call, random))


def _drawing(call: Call, random: Any) -> Call:
    return Call(
        call.function, call.args, call.kwargs, call.outputs, call.changes, call.graph, call.autocast, random
    )


def _collect(value: Any, found: list[Tensor]) -> None:
    """All tensors within tuples, lists and dictionaries, in their order."""
    if isinstance(value, Tensor):
        found.append(value)
    elif isinstance(value, tuple | list):
        for one in value:
            _collect(one, found)
    elif isinstance(value, dict):
        for one in value.values():
            _collect(one, found)


def _autocast() -> Mapping[str, Any]:
    return {"cpu": torch.get_autocast_dtype("cpu")} if torch.is_autocast_enabled("cpu") else {}


MULTIPLIES: tuple[Callable[..., Any], ...] = (torch.mul, Tensor.mul, Tensor.__mul__)
SCALER_LEAST = 256.0  # what a loss is multiplied by last, a power of two, is a GradScaler's


def _unscaled(calls: Sequence[Call], end: int, constants: Mapping[int, Tensor]) -> int:
    """What a GradScaler multiplied, where the last call is its multiplication."""
    last = next((call for call in reversed(calls) if end in call.outputs), None)
    if last is None or last.function not in MULTIPLIES or len(last.args) != 2:
        return end
    loss, scale = last.args
    by = constants.get(scale.number) if isinstance(scale, Slot) else None
    if not isinstance(loss, Slot) or by is None or by.numel() != 1:
        return end
    whole = float(by) >= SCALER_LEAST and float(torch.log2(by.double())).is_integer()
    return loss.number if whole else end


_LIVE: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _rest() -> None:
    """A forked worker (DataLoader, multiprocessing) inherits the mode but writes nothing down."""
    for recorder in list(_LIVE):
        recorder._closed = True


os.register_at_fork(after_in_child=_rest)
