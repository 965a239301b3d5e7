"""Putting functions of torch behind wrappers, and putting all of them back at once."""

from __future__ import annotations

import contextlib
import importlib
import os
import types
from collections.abc import Callable
from typing import Any

import torch
import torch.jit._builtins


def _unseen() -> str:
    """A file name for wrappers by which they are in nobody's way.

    `warnings` passes over frames whose file bears the two words; those who look for
    the user's frames pass over what begins with torch's folder; and tracebacks lose
    what, written plainly, lies in ours.
    """
    torchs, own = os.path.dirname(torch.__file__), os.path.dirname(__file__)  # noqa: PTH120
    try:
        way = os.path.relpath(own, torchs)
    except ValueError:  # on another drive
        way = "."
    return os.path.join(torchs, way, "importlib._bootstrap")  # noqa: PTH118


_UNSEEN = _unseen()
_BUILTINS: Any = torch.jit._builtins  # noqa: SLF001

Make = Callable[[Callable[..., Any]], Callable[..., Any]]


class Wrappers:
    """Functions that are replaced for a while."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def replace(self, owner: Any, name: str, make: Make) -> None:
        """Put ``make(original)`` in the place of ``owner.name``.

        What `make` returns must be a function of its own arguments and closure
        only, since it gets the original's global names: then TorchScript, which
        compiles source, finds the original's source and its names.
        """
        original = getattr(owner, name)
        own = name in vars(owner)
        wrapper = _disguised(make(original), original)
        if not hasattr(original, "__globals__"):
            self._script_as(wrapper, original)
        setattr(owner, name, wrapper)

        def undo() -> None:
            if getattr(owner, name, None) is not wrapper:
                return  # somebody wrapped it again, and holds it
            if own:
                setattr(owner, name, original)
            else:
                delattr(owner, name)

        self.later(undo)

    def _script_as(self, wrapper: Any, original: Any) -> None:
        """Let TorchScript take a wrapper for the operation that it wraps, which has no source."""
        operation = _BUILTINS._find_builtin(original)  # noqa: SLF001
        if operation is not None:
            table = _BUILTINS._get_builtin_table()  # noqa: SLF001
            table[id(wrapper)] = operation
            self.later(lambda: table.pop(id(wrapper), None))

    def later(self, undo: Callable[[], None]) -> None:
        """Have something called by `remove`."""
        self._undo.append(undo)

    def remove(self) -> None:
        """Put everything back, the last first."""
        while self._undo:
            self._undo.pop()()


def know_originals() -> None:
    """Let torch.compile list the functions of torch before any of them is wrapped, as it does once.

    Otherwise it would not know those that wrappers call.  A training script loads
    that part of torch in any case, with its first optimizer.
    """
    with contextlib.suppress(Exception):  # private to torch
        rules: Any = importlib.import_module("torch._dynamo.trace_rules")
        rules.get_torch_obj_rule_map()


def _disguised(wrapper: Any, original: Any) -> Any:
    code = wrapper.__code__.replace(co_filename=_UNSEEN)
    names = getattr(original, "__globals__", wrapper.__globals__)
    made = types.FunctionType(code, names, wrapper.__name__, wrapper.__defaults__, wrapper.__closure__)
    made.__kwdefaults__ = wrapper.__kwdefaults__
    for word in ("__module__", "__name__", "__qualname__", "__doc__"):
        if hasattr(original, word):
            setattr(made, word, getattr(original, word))
    made.__wrapped__ = original  # type: ignore[attr-defined]
    return made
