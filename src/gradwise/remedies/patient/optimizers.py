"""The optimizers of a treated run: numbers lent to them for a step, parameters handed to them, their kind."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer

Group = dict[str, Any]


class Optimizers:
    """Every optimizer that the script has made and still holds."""

    def __init__(self) -> None:
        self._known: dict[int, weakref.ref[Any]] = {}
        self._lent: dict[int, dict[tuple[int, str], tuple[Group, Any]]] = {}  # by optimizer
        self._gradients: dict[int, list[tuple[Tensor, Tensor]]] = {}  # by optimizer, the script's own
        self.stepping: list[int] = []  # ids; an optimizer may step another one

    def note(self, optimizer: Any) -> bool:
        """Remember an optimizer; True when it is new."""
        key = id(optimizer)
        known = self._known.get(key)
        if known is not None and known() is optimizer:
            return False
        self._known[key] = weakref.ref(optimizer)
        return True

    def __iter__(self) -> Iterator[Any]:
        for key, ref in list(self._known.items()):
            optimizer = ref()
            if optimizer is None:
                del self._known[key]
            else:
                yield optimizer

    def held(self) -> dict[int, Any]:
        """The optimizer of every parameter that one holds, by the parameter's id."""
        return {id(p): each for each in self for group in each.param_groups for p in group["params"]}

    # ---- numbers for the length of a step ------------------------------------------

    def lend(self, optimizer: Any, group: Group, option: str, value: Any) -> bool:
        """Give a group another number until the step is over.

        Returns:
            False where an optimizer around this one has lent to the same group already.
        """
        key = (id(group), option)
        if any(key in self._lent.get(other, ()) for other in self.stepping if other != id(optimizer)):
            return False
        self._lent.setdefault(id(optimizer), {}).setdefault(key, (group, group[option]))
        group[option] = value
        return True

    def lend_gradients(self, optimizer: Any, change: Callable[[Tensor], Tensor | None]) -> None:
        """Give parameters other gradients until the step is over.

        Args:
            optimizer: that is about to use them.
            change: of a parameter that has a gradient: the other one; None for none, by which
                the optimizer passes over the parameter.
        """
        known = self._gradients.setdefault(id(optimizer), [])
        own = {id(parameter) for parameter, _ in known}
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    other = change(parameter)
                    if id(parameter) not in own:
                        known.append((parameter, parameter.grad))
                    parameter.grad = other

    def take_back(self, optimizer: Any) -> None:
        """Let the groups have their own numbers, and the parameters their gradients, again."""
        for (_, option), (group, value) in self._lent.pop(id(optimizer), {}).items():
            group[option] = value
        for parameter, gradient in self._gradients.pop(id(optimizer), ()):
            parameter.grad = gradient

    def take_all_back(self) -> None:
        """The same for all optimizers."""
        for optimizer in self:
            self.take_back(optimizer)
        self._lent.clear()

    # ---- parameters -----------------------------------------------------------------

    def adopt(
        self, optimizer: Any, parameters: Iterable[Tensor], like: Tensor | None = None
    ) -> Callable[[], None]:
        """Hand parameters to an optimizer, into the group of ``like`` or its first one.

        They join a group that is there, since schedulers count groups.

        Returns:
            Takes them out again, with what the optimizer keeps of them.
        """
        groups = optimizer.param_groups
        group = next(
            (g for g in groups if like is not None and any(p is like for p in g["params"])), groups[0]
        )
        fresh = list(parameters)
        group["params"].extend(fresh)

        def undo() -> None:
            gone = {id(p) for p in fresh}
            group["params"][:] = [p for p in group["params"] if id(p) not in gone]
            for parameter in fresh:
                optimizer.state.pop(parameter, None)

        return undo

    def release(self, parameters: Iterable[Tensor]) -> None:
        """Take parameters out of every optimizer that holds them, with what it keeps of them."""
        gone = {id(p): p for p in parameters}
        for optimizer in self:
            for group in optimizer.param_groups:
                group["params"][:] = [p for p in group["params"] if id(p) not in gone]
            for parameter in gone.values():
                optimizer.state.pop(parameter, None)

    # ---- kind -----------------------------------------------------------------------

    def become(self, optimizer: Any, kind: type[Optimizer], keeps: str = "") -> Callable[[], None]:
        """Make an optimizer, which the script holds, one of another kind.

        Its groups keep their parameters, rates and decay and all words of the old
        kind; what the old kind kept of the gradients so far is put aside.

        Args:
            optimizer: between two steps.
            kind: whose ``step`` runs from now on.
            keeps: a word that it keeps of each parameter; loaded state without it is put aside.

        Returns:
            Makes it again what it was, with what was put aside.
        """
        defaults = defaults_of(kind)
        before = (type(optimizer), optimizer.defaults, dict(optimizer.state))
        groups = [(group, dict(group)) for group in optimizer.param_groups]
        _turn(optimizer, kind, {**optimizer.defaults, **defaults}, {})
        for group, old in groups:
            kept = {word: old[word] for word in ("params", "lr", "weight_decay") if word in old}
            group.update({**defaults, **kept})

        def loading(_: Any, saved: Mapping[str, Any]) -> dict[str, Any]:
            foreign = any(keeps not in kept for kept in saved["state"].values() if keeps)
            state = {} if foreign else saved["state"]  # foreign: of a run without this treatment
            filled = [{**defaults, **group} for group in saved["param_groups"]]
            return {**saved, "state": state, "param_groups": filled}

        handle = optimizer.register_load_state_dict_pre_hook(loading)

        def undo() -> None:
            handle.remove()
            _turn(optimizer, *before)
            for group, old in groups:
                own = {word: value for word, value in group.items() if word not in defaults or word in old}
                group.clear()
                group.update({**own, **{w: v for w, v in old.items() if w not in ("params", "lr")}})

        return undo


def _turn(
    optimizer: Any, kind: type[Optimizer], defaults: Mapping[str, Any], state: Mapping[Any, Any]
) -> None:
    optimizer.__class__ = kind
    optimizer.defaults = dict(defaults)
    optimizer.state.clear()
    optimizer.state.update(state)
    if vars(optimizer).pop("step", None) is not None:  # a scheduler bound the old kind's step to it
        vars(optimizer)["_opt_called"] = True


_DEFAULTS: dict[int, dict[str, Any]] = {}  # by id of the class, which lasts


def defaults_of(kind: type[Optimizer]) -> dict[str, Any]:
    """What an optimizer of this kind is made with, beside a rate.

    One is made for that; torch then lays its hooks around the ``step`` of the kind.
    """
    if id(kind) not in _DEFAULTS:
        maker: Any = kind
        _DEFAULTS[id(kind)] = dict(maker([torch.zeros(1)], lr=1.0).defaults)
    return _DEFAULTS[id(kind)]


def shown_kind(optimizer: Any) -> str:
    """The name of an optimizer's class."""
    return type(optimizer).__name__


def shown_number(value: Any) -> str:
    """A rate or another option in words.

    >>> shown_number(0.1 * 0.1)
    '0.01'
    """
    return f"{float(value):.4g}"
