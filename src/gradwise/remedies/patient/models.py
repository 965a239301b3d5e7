"""The models of a treated run: which module is a root, what stands in it, what a cure is meant for."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import Tensor, nn

MARK = "_gradwise_treated"  # in the module itself, so that deep copies are known as treated
LOADED = "_gradwise_loaded"
ENTERED = "_gradwise_entered"


class Models:
    """Modules that the script has made, and those that are running."""

    def __init__(self) -> None:
        self._known: dict[int, weakref.ref[nn.Module]] = {}  # by id: some modules hash by contents
        self.running: list[nn.Module] = []  # outermost first
        self.latest: nn.Module | None = None  # the last one with weights of its own that has run
        self.called: dict[int, nn.Module] = {}  # while `collecting`
        self.collecting = False
        self.made = 0  # modules so far, while they are noted
        self.noting = False  # whether modules are to be known though nothing waits for roots

    def note(self, module: nn.Module) -> None:
        """A module was made."""
        self._known[id(module)] = weakref.ref(module)
        self.made += 1

    def alive(self) -> Iterator[nn.Module]:
        """Modules that the script still holds."""
        for key, ref in list(self._known.items()):
            module = ref()
            if module is not None:
                yield module
            elif self._known.get(key) is ref:  # else another look has seen it, and the id may be new
                del self._known[key]

    def _parents(self) -> dict[int, nn.Module]:
        parents: dict[int, nn.Module] = {}
        for holder in self.alive():
            for child in vars(holder).get("_modules", {}).values():
                if child is not None:
                    parents.setdefault(id(child), holder)
        return parents

    def roots(self, module: nn.Module) -> list[nn.Module]:
        """The root of a module that is called from outside, and all other models that wait to be run.

        Copies that were made of a model before it ran, for an average or a target,
        so are treated together with it, and stay copies.  A model whose constructor
        is running is none yet; layers that stand alone wait until they are called.
        """
        parents = self._parents()
        made = {id(self.top(each)) for each in under_construction()}
        first = self.top(module)
        found = [] if id(first) in made else [first]
        for other in self.alive():
            if id(other) in parents or id(other) in made or other is first or treated(other):
                continue
            if next(other.children(), None) is not None and next(other.parameters(), None) is not None:
                found.append(other)
        return found

    def top(self, module: nn.Module) -> nn.Module:
        """The outermost module that holds this one."""
        parents = self._parents()
        seen = {id(module)}
        while id(module) in parents and id(parents[id(module)]) not in seen:
            module = parents[id(module)]
            seen.add(id(module))
        return module

    def sparse(self) -> Iterator[Tensor]:
        """Weights whose gradients will be sparse."""
        for module in self.alive():
            if isinstance(module, nn.Embedding | nn.EmbeddingBag) and module.sparse:
                yield module.weight

    def mark(self, root: nn.Module) -> None:
        """Everything in a root counts as treated, and so will its copies."""
        for module in root.modules():
            vars(module)[MARK] = True

    def loaded(self, root: nn.Module, state: Any) -> None:
        """Weights were loaded into a module: from elsewhere, unless another model that waits holds them."""
        if treated(root):
            return
        values = state.values() if isinstance(state, Mapping) else ()
        given = {value.data_ptr() for value in values if isinstance(value, Tensor) and value.numel()}
        waiting = (each for each in self.alive() if not treated(each))
        here = {p.data_ptr() for each in waiting for p in each.parameters(recurse=False) if p.numel()}
        if given & here:
            return
        for module in root.modules():
            vars(module)[LOADED] = True


def under_construction() -> Iterator[nn.Module]:
    """Modules in whose constructor we are, as where a layer's output is measured to size the next one."""
    frame: Any = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__init__" and code.co_argcount:
            owner = frame.f_locals.get(code.co_varnames[0])
            if isinstance(owner, nn.Module) and "_modules" in vars(owner):
                yield owner
        frame = frame.f_back


def treated(module: nn.Module) -> bool:
    """Whether a module, or what it was copied from, has run before."""
    return MARK in vars(module)


def entered(module: nn.Module) -> bool:
    """Whether a module, or what it was copied from, was called from outside before."""
    return ENTERED in vars(module)


def has_loaded_weights(module: nn.Module) -> bool:
    """Whether ``load_state_dict`` has filled it."""
    return LOADED in vars(module)


def places(root: nn.Module, where: Sequence[str], met: set[str]) -> Iterator[tuple[str, nn.Module]]:
    """Modules of a root that no cure has seen yet, by name, that a cure is meant for.

    Args:
        root: "" is its own name.
        where: patterns; none for all.
        met: gets those that fitted, also where the module was seen before.
    """
    for name, module in root.named_modules():
        fits = [pattern for pattern in where if meant(name, pattern, type(root).__name__)]
        met.update(fits)
        if (fits or not where) and not treated(module):
            yield name, module


def unwrapped(name: str) -> str:
    """The name that a module has in the user's own model.

    >>> unwrapped("_orig_mod.fc1")
    'fc1'
    """
    return name.removeprefix("_orig_mod.").removeprefix("module.")  # torch.compile's and DataParallel's


def meant(name: str, pattern: str, root: str = "") -> bool:
    """Whether a pattern means a module: its name, that of one around it, or with ``*`` and ``?``.

    >>> meant("encoder.0", "encoder"), meant("fc1", "fc*"), meant("fc12", "fc1")
    (True, True, False)
    >>> meant("fc1", "Net.fc1", root="Net")
    True
    """
    own = unwrapped(name)
    for whole in (own, f"{root}.{own}" if own else root):
        if whole == pattern or whole.startswith(f"{pattern}.") or fnmatchcase(whole, pattern):
            return bool(pattern)
    return False


def swap(root: nn.Module, name: str, module: nn.Module) -> Any:
    """Put another module in the place of the one of that name; returns what puts it back."""
    holder, _, word = name.rpartition(".")
    parent = root.get_submodule(holder)
    children = vars(parent)["_modules"]
    old = children[word]
    module.train(old.training if old is not None else True)
    children[word] = module

    def undo() -> None:
        if children.get(word) is module:
            children[word] = old

    return undo
