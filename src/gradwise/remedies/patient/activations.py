"""Other activations in the place of some: modules are swapped, calls of functions are led elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from gradwise.remedies.patient.models import meant

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

MODULES: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}
OWNERS = (functional, torch, Tensor)  # that offer an activation as a function, also as one ending with _
FAST = "activation_relu_or_gelu"  # by which a transformer layer of torch's takes a way of its own


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is computed instead.

    Args:
        name: of the module that is made, for the record.
        module: makes it.
        function: the same as a function.
    """

    name: str
    module: Callable[[], nn.Module]
    function: Callable[[Tensor], Tensor]


def exchange(patient: Patient, kinds: Sequence[str], by: Exchange, *, hidden: bool) -> None:
    """Have activations of some kinds computed in another way wherever the cure is meant.

    Modules are swapped before their model first runs.  Functions (of
    torch.nn.functional and torch, and methods of tensors) are led elsewhere when
    they are called inside a model; outside of models they are left, since losses
    and metrics are made of the same functions.

    Args:
        patient: whose ``where`` chooses modules, or the modules in which functions are called.
        kinds: names in `MODULES`.
        by: what is computed instead.
        hidden: leave activations that only outputs follow, and gates.
    """
    calls = _Calls(patient, by, hidden)
    functions: dict[Any, Callable[..., Any]] = {}
    for kind in kinds:
        for owner in OWNERS:
            for name in (kind, f"{kind}_"):
                if hasattr(owner, name):
                    patient.around(owner, name, calls.led(name))
                    functions[getattr(owner, name)] = by.function
    wanted = tuple(MODULES[kind] for kind in kinds)
    patient.at("root", lambda root: _swap(patient, root, wanted, by, hidden))
    patient.at("root", lambda root: _swap_held(patient, root, functions, by))


def _swap(
    patient: Patient, root: nn.Module, kinds: tuple[type[nn.Module], ...], by: Exchange, hidden: bool
) -> None:
    last = last_with_weights(root)
    order = {id(module): number for number, module in enumerate(root.modules())}
    for name, module in list(patient.places(root)):
        if isinstance(module, nn.RNNBase) and getattr(module, "nonlinearity", "tanh").lower() in by_torch(
            kinds
        ):
            patient.could_not(f"{name} ({type(module).__name__}) computes its activation inside of torch")
        if type(module) not in kinds or not name:
            continue
        holder = root.get_submodule(name.rpartition(".")[0])
        if hidden and (last is None or order[id(module)] > order[id(last)] or _gates(holder)):
            continue  # an output's, or one that is shared: decided when it is called
        patient.swap(root, name, by.module())
        patient.did(f"{name} ({type(module).__name__}) → {by.name}")


def _swap_held(
    patient: Patient, root: nn.Module, functions: dict[Any, Callable[..., Any]], by: Exchange
) -> None:
    """Functions that a module of torch's has kept since before the script began."""
    for name, module in list(patient.places(root)):
        for word, value in list(vars(module).items()):
            if (
                not callable(value)
                or isinstance(value, type)
                or getattr(value, "__wrapped__", None) is not None
            ):
                continue
            if value in functions:
                held = vars(module)
                before = {key: held[key] for key in (word, FAST) if key in held}
                held.update({**before, word: functions[value]} | ({FAST: 0} if FAST in before else {}))
                patient.later(partial(held.update, before))
                patient.did(f"{name}.{word} → {by.name}")


def by_torch(kinds: tuple[type[nn.Module], ...]) -> set[str]:
    """Names of the kinds, as a recurrent layer is told."""
    return {word for word, kind in MODULES.items() if kind in kinds}


def last_with_weights(root: nn.Module) -> nn.Module | None:
    """The module with weights of its own that stands last in a model."""
    found = [module for module in root.modules() if any(True for _ in module.parameters(recurse=False))]
    return found[-1] if found else None


def _gates(module: nn.Module) -> bool:
    """Whether a module's own code, or its parts, hold both a sigmoid and a tanh: those are gates."""
    kinds = {type(child) for child in module.children()}
    names = set(getattr(type(module).forward, "__code__", _gates.__code__).co_names)
    own = not type(module).__module__.startswith("torch.")
    return own and ({nn.Sigmoid, nn.Tanh} <= kinds or {"sigmoid", "tanh"} <= names)


class _Calls:
    """Tells which calls of a function are meant."""

    def __init__(self, patient: Patient, by: Exchange, hidden: bool) -> None:
        self.patient, self.by, self.hidden = patient, by, hidden
        self.models = patient.run.models
        self._places: dict[int, tuple[nn.Module, bool]] = {}  # held, so that no id is used again
        self._lasts: dict[int, tuple[nn.Module, nn.Module | None]] = {}

    def led(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Makes the wrapper of one function."""
        meant_here, function, compiling = self.meant, self.by.function, torch.compiler.is_compiling
        everywhere = not self.patient.where and not self.hidden
        patient, title = self.patient, self.by.name

        def make(original: Callable[..., Any]) -> Callable[..., Any]:
            def activation(*args: Any, **kwargs: Any) -> Any:
                value = args[0] if args else kwargs["input"]
                if compiling():
                    return function(value) if everywhere else original(*args, **kwargs)
                place = meant_here()
                if place is None:
                    return original(*args, **kwargs)
                patient.did(f"{name}() in {place} → {title}")
                return function(value)

            return activation

        return make

    def meant(self) -> str | None:
        """Where the function is being called, if that is a place the cure is meant for."""
        running = self.models.running
        if not running:
            return None
        root, inner = running[0], running[-1]
        if id(inner) not in self._places:
            self._places[id(inner)] = (inner, self._fits(root, inner))
        if not self._places[id(inner)][1] or (self.hidden and self._at_the_end(root)):
            return None
        return type(inner).__name__

    def _fits(self, root: nn.Module, inner: nn.Module) -> bool:
        top = self.models.top(root)
        if next(top.parameters(), None) is None:
            return False  # a loss, or a transform of data
        if self.hidden and _gates(inner):
            self.patient.could_not(f"{type(inner).__name__} uses sigmoid and tanh as gates, which are left")
            return False
        if not self.patient.where:
            return True
        name = next((name for name, each in top.named_modules() if each is inner), "")
        fits = [pattern for pattern in self.patient.where if meant(name, pattern, type(top).__name__)]
        self.patient.chart.met.update(fits)
        return bool(fits)

    def _at_the_end(self, root: nn.Module) -> bool:
        if id(root) not in self._lasts:
            self._lasts[id(root)] = (root, last_with_weights(self.models.top(root)))
        return self.models.latest is self._lasts[id(root)][1]
