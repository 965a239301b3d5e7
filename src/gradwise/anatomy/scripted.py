"""The models of a user's script: it runs until each model's first forward pass and some steps were seen."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch._C._functorch import peek_interpreter_stack
from torch.optim.optimizer import register_optimizer_step_post_hook

from gradwise.anatomy.describing import anatomy
from gradwise.anatomy.facts import Anatomy
from gradwise.anatomy.measure import eager, told
from gradwise.anatomy.observing import Observer, Original, calls_through
from gradwise.watch.script import Ending, Program, run_program

STEPS = 3  # of optimizers: those of a GAN take turns
CALLS = 100  # of models that are known, for scripts that never step


class Enough(BaseException):
    """Raised inside the script when everything was seen."""


@dataclass(frozen=True, slots=True)
class Scripted:
    """What a script showed.

    Args:
        ending: how it ended; ``stopped``: by us, since everything was seen.
        models: in the order of their first forward pass; equal ones once.
        counts: how many models were equal to each.
        failure: one sentence about a forward pass that failed; "".
    """

    ending: Ending
    models: tuple[Anatomy, ...]
    counts: tuple[int, ...]
    failure: str = ""


def measure_script(program: Program) -> Scripted:
    """Run a program, and measure every model in its own first forward pass.

    A pass without gradients counts until there is one with them. What the script prints is printed; what
    torch.compile compiles runs uncompiled.
    """
    finder = _Finder()

    @contextmanager
    def watching() -> Iterator[None]:
        hook = register_optimizer_step_post_hook(finder.stepped)
        try:
            with calls_through(finder.call), torch.compiler.set_stance("force_eager"):
                yield
        finally:
            hook.remove()

    ending = run_program(program, watching, Enough)
    models, counts = finder.told()
    return Scripted(ending, models, counts, finder.failure)


class _Finder:
    """Finds models as the modules that are called from outside of any other, and measures them."""

    def __init__(self) -> None:
        self.failure = ""
        self._found: dict[int, Anatomy] = {}  # by the number of the model
        self._numbers: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self._parts: weakref.WeakSet[nn.Module] = weakref.WeakSet()  # of models, which are none themselves
        self._active: Observer | None = None
        self._process = os.getpid()
        self._deaf = False
        self._steps = self._calls = 0

    def call(
        self, original: Original, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A module of the script is called."""
        if self._active is not None:
            return self._active.call(original, module, args, kwargs)
        if not self._wanted(module):
            return original(module, *args, **kwargs)
        observer = self._active = Observer(eager(module))
        try:
            result = observer.run(original, args, kwargs)
        except Exception as error:  # noqa: BLE001  it is raised again below, unless it was ours
            self.failure = told(observer, error)
        finally:
            self._active = None
        if self.failure:
            self._deaf = True
            result = original(module, *args, **kwargs)
            self._deaf, self.failure = False, ""
            self._parts.add(observer.root)  # it works, and not under our eyes
            return result
        name = _variable(observer.root)
        self._keep(observer, anatomy(observer, (args, kwargs), result, name=name))
        return result

    def stepped(self, *_: Any) -> None:
        """An optimizer has stepped."""
        self._steps += 1
        if self._steps >= STEPS and os.getpid() == self._process:
            raise Enough

    def told(self) -> tuple[tuple[Anatomy, ...], tuple[int, ...]]:
        """Models that differ, and how many there are of each."""
        models: list[Anatomy] = []
        counts: list[int] = []
        for found in self._found.values():
            if found in models:
                counts[models.index(found)] += 1
            else:
                models.append(found)
                counts.append(1)
        names = [found.name for found in models]
        for at, name in enumerate(names):
            if names.count(name) > 1:
                models[at] = replace(models[at], name=f"{name}#{names[: at + 1].count(name)}")
        return tuple(models), tuple(counts)

    def _wanted(self, module: nn.Module) -> bool:
        root = eager(module)
        if (
            self._deaf or os.getpid() != self._process or peek_interpreter_stack() is not None
        ):  # in torch.func
            return False
        if root in self._parts or type(root).__module__ == nn.modules.loss.__name__:
            return False
        if root in self._numbers:
            self._calls += 1
            if self._calls >= CALLS:
                raise Enough
            return torch.is_grad_enabled() and self._found[self._numbers[root]].kept_bytes is None
        return next(root.parameters(), None) is not None

    def _keep(self, observer: Observer, found: Anatomy) -> None:
        root = observer.root
        for part in root.modules():
            if part is not root:
                self._parts.add(part)
                self._found.pop(self._numbers.pop(part, -1), None)
        number = self._numbers.setdefault(root, max(self._found, default=-1) + 1)
        self._found[number] = found


def _variable(model: nn.Module) -> str:
    """What the script calls a model; "" where no global variable holds it."""
    names = vars(sys.modules["__main__"]).items()
    return next((name for name, value in names if isinstance(value, nn.Module) and eager(value) is model), "")
