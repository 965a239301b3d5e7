"""All remedies, found by walking this package."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache

import gradwise.remedies as package
from gradwise.errors import UnknownNameError
from gradwise.registry import nearest
from gradwise.remedies.remedy import LoadedRemedy, Remedy

# Modules of this package that are no remedies.
_NOT_REMEDIES = {"remedy", "collection"}


@cache
def all_remedies() -> Mapping[str, LoadedRemedy]:
    """Every remedy by name, in alphabetical order."""
    found: dict[str, LoadedRemedy] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if info.name in _NOT_REMEDIES:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        declaration: Remedy = module.REMEDY
        found[declaration.name] = LoadedRemedy(declaration, inspect.getdoc(module) or "", info.name)
    return found


def find_remedy(name: str) -> LoadedRemedy:
    """The remedy of that name, in any case and with ``_`` for ``-``.

    Raises:
        UnknownNameError: no such remedy; the message offers the nearest names.

    >>> find_remedy("Lower_LR").declaration.grade
    'changes-training'
    """
    remedies = all_remedies()
    wanted = name.strip().lower().replace("_", "-")
    if wanted in remedies:
        return remedies[wanted]
    raise UnknownNameError(
        f"no remedy is called {name!r}{nearest(name, remedies)}; `gradwise explain --list` shows all."
    )
