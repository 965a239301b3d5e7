"""Watching one forward pass: which modules run, on what, at what cost, and how far each result sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils.weak import WeakTensorKeyDictionary

from gradwise.anatomy.facts import Arithmetic, Shape
from gradwise.anatomy.failing import Failure, named, shapes
from gradwise.anatomy.following import Call, follow, name_of
from gradwise.anatomy.memory import Kept, keeping
from gradwise.anatomy.meter import Meter, recurrent_flops
from gradwise.anatomy.reach import ALL, INPUT, UNKNOWN, Reach
from gradwise.anatomy.sliding import Sliding, sliding

Original = Callable[..., Any]
Handler = Callable[[Original, nn.Module, tuple[Any, ...], dict[str, Any]], Any]
_CONV = nn.modules.conv._ConvNd  # noqa: SLF001  the base of all convolutions
# Modules that are one convolution or pooling.
SLIDERS = (
    _CONV,
    *(
        getattr(nn.modules.pooling, f"_{kind}PoolNd")
        for kind in ("Max", "Avg", "LP", "AdaptiveMax", "AdaptiveAvg")
    ),
)


@dataclass
class Seen:
    """What was seen of one module, or of one function that slides.

    Args:
        name: dotted path.
        module: None for a function.
        inputs: shapes, of its first call.
        outputs: shapes, of its first call.
        calls: how often it ran.
        flops: of all calls.
        reaches: of what it gave, all calls.
        arithmetic: of a convolution or pooling, of its first call.
    """

    name: str
    module: nn.Module | None
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...] = ()
    calls: int = 0
    flops: int = 0
    reaches: list[Reach] = field(default_factory=list)
    arithmetic: tuple[Arithmetic, ...] = ()


@dataclass
class _Frame:
    """A module that is running."""

    seen: Seen
    module: nn.Module
    flops: int
    known: bool  # whether what it was given has a reach


class Observer:
    """Watches one call of ``root``.

    Args:
        root: the model.
    """

    def __init__(self, root: nn.Module) -> None:
        self.root = root
        self.order: list[Seen] = []
        self._seen: dict[str, Seen] = {}
        self.touched: set[int] = set()  # ids of the parameters that functions were given
        self.notes: dict[str, None] = {}
        self.failure: Failure | None = None
        self.kept: Kept | None = None  # None: it ran without gradients
        self.meter = Meter()
        self._names = {id(module): name for name, module in self.modules()}
        self._frames: list[_Frame] = []
        self._reach = WeakTensorKeyDictionary()
        self._thread = threading.get_ident()
        self._before = ""

    def modules(self) -> Iterator[tuple[str, nn.Module]]:
        """The model and its parts by path; what torch.compile wraps around them is left out."""
        for name, module in self.root.named_modules():
            if type(module).__name__ != "OptimizedModule":
                yield ".".join(part for part in name.split(".") if part != "_orig_mod"), module

    def run(self, original: Original, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Call the model and watch; whatever it raises is raised, and told in ``failure``."""
        for tensor in _tensors((args, kwargs)):
            self._reach[tensor] = INPUT
        with ExitStack() as stack:
            if torch.is_grad_enabled():
                self.kept = stack.enter_context(keeping())
            stack.enter_context(self.meter)
            stack.enter_context(_Functions(self))
            return self.call(original, self.root, tuple(args), kwargs)

    def call(
        self, original: Original, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A module is called, the model or a part of it."""
        name = self._names.get(id(module))
        if name is None or threading.get_ident() != self._thread:
            return original(module, *args, **kwargs)
        given = _tensors((args, kwargs))
        seen = self._seen.get(name)
        if seen is None:
            seen = self._seen[name] = Seen(name, module, _shapes(given))
            self.order.append(seen)
        frame = _Frame(seen, module, self.meter.total, any(tensor in self._reach for tensor in given))
        self._frames.append(frame)
        try:
            result = original(module, *args, **kwargs)
        except Exception as error:
            if self.failure is None or self.failure.error is not error:
                own = not type(module).__module__.startswith("torch.nn.")
                self.failure = Failure(name, module, (args, kwargs), error, self._before, own=own)
            raise
        finally:
            self._frames.pop()
        self._ended(frame, args, result)
        return result

    def _ended(self, frame: _Frame, args: Sequence[Any], result: Any) -> None:
        seen, module = frame.seen, frame.module
        made = _tensors(result)
        recurrent = recurrent_flops(module, args[0]) if args else None
        if recurrent is not None:
            self.meter.total = frame.flops + recurrent
        seen.calls += 1
        seen.flops += self.meter.total - frame.flops
        if seen.calls == 1:
            seen.outputs = _shapes(made)
        for tensor in made:
            if tensor not in self._reach and frame.known:
                self._reach[tensor] = UNKNOWN  # something was called that is no function of torch
        seen.reaches += [self._reach[tensor] for tensor in made if tensor in self._reach]
        self._before = f"{named(seen.name, module)} gave {shapes(result)}"

    # ---- functions ------------------------------------------------------------------

    def function(
        self, func: Any, args: Sequence[Any], kwargs: dict[str, Any], result: Any, flops: int
    ) -> None:
        """A function of torch has returned."""
        made = _tensors(result)
        name = name_of(func)
        given = _tensors((args, kwargs))
        for tensor in given:
            if isinstance(tensor, nn.Parameter):
                self.touched.add(id(tensor))
        known = [(tensor, self._reach[tensor]) for tensor in given if tensor in self._reach]
        if name == "__setitem__" and known:
            self._reach[args[0]] = UNKNOWN
        if not made:
            return
        slid = sliding(name, args, kwargs, made[0])
        place = self._slid(name, slid, made[0], flops) if slid is not None else None
        if not known:
            return
        reach = follow(Call(name, args, kwargs, known, made[0], slid))
        for tensor in made:
            self._reach[tensor] = reach
        if place is not None:
            place.reaches.append(reach)

    def _slid(self, name: str, slid: Sliding, result: Tensor, flops: int) -> Seen | None:
        """Notes the arithmetic; the entry of its own that a function gets which no module stands for."""
        if not self._frames:
            return None
        frame = self._frames[-1]
        if isinstance(frame.module, SLIDERS):
            frame.seen.arithmetic = frame.seen.arithmetic or _unwrapped(slid.axes, frame.module)
            return None
        if frame.seen.calls:
            return None
        path = f"{frame.seen.name}.{name}".lstrip(".")
        shapes_in, shapes_out = _shapes([slid.source]), _shapes([result])
        found = Seen(path, None, shapes_in, shapes_out, calls=1, flops=flops, arithmetic=slid.axes)
        self.order.append(found)
        return found


class _Functions(TorchFunctionMode):
    """Sees every function of torch that the model calls.

    Under it transformer layers call their parts, where in evaluation one kernel would hide them.
    """

    def __init__(self, observer: Observer) -> None:
        super().__init__()
        self.observer = observer

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function, and tell what it did."""
        del types
        kwargs = kwargs or {}
        meter = self.observer.meter
        before = meter.total
        result = func(*args, **kwargs)
        try:
            self.observer.function(func, args, kwargs, result, meter.total - before)
        except Exception as error:  # noqa: BLE001  ours must not end theirs
            self.observer.notes[f"{name_of(func)} is not followed ({type(error).__name__}: {error})"] = None
        return result


@contextmanager
def calls_through(handler: Handler) -> Iterator[Original]:
    """Every call of a module goes through ``handler`` within the block; gives what torch itself does."""
    original = nn.Module.__call__

    def call(module: nn.Module, /, *args: Any, **kwargs: Any) -> Any:
        return handler(original, module, args, kwargs)

    nn.Module.__call__ = call  # type: ignore[method-assign]
    try:
        yield original
    finally:
        nn.Module.__call__ = original  # type: ignore[method-assign]


def largest(reaches: Sequence[Reach]) -> Reach:
    """Of several results the one that sees most; unknown where there is none."""
    if not reaches:
        return UNKNOWN
    for absorbing in (ALL, UNKNOWN):
        if absorbing in reaches:
            return absorbing
    known = [reach for reach in reaches if reach.kind == "windows"]
    return max(known, key=lambda reach: [window.size for window in reach.windows], default=INPUT)


def _unwrapped(axes: tuple[Arithmetic, ...], module: nn.Module) -> tuple[Arithmetic, ...]:
    """With the padding that a module does by another function first, as ``circular`` and ``reflect`` are."""
    mode = getattr(module, "padding_mode", "zeros")
    if mode == "zeros" or not isinstance(module, _CONV):
        return axes
    flat = module._reversed_padding_repeated_twice  # noqa: SLF001  last axis first, before and after
    found = []
    for place, step in enumerate(reversed(axes)):
        pads = (flat[2 * place], flat[2 * place + 1])
        found.append(replace(step, size=step.size - sum(pads), padding=pads))
    return tuple(reversed(found))


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


def _shapes(tensors: Sequence[Tensor]) -> tuple[Shape, ...]:
    return tuple(tuple(int(size) for size in tensor.shape) for tensor in tensors)
