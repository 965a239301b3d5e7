"""All remedies: those of this package, found by walking it, and those that other packages ship."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache

import gradwise.remedies as package
from gradwise.errors import UnknownNameError
from gradwise.registry import nearest, shipped
from gradwise.remedies.remedy import LoadedRemedy, Remedy

# Modules of this package that are no remedies.
_NOT_REMEDIES = {"remedy", "collection", "patient"}


# Where other packages offer theirs: one entry point for each remedy, its value the remedy's module.
ENTRY_POINTS = "gradwise.remedies"


@cache
def all_remedies() -> Mapping[str, LoadedRemedy]:
    """Every remedy by name: ours in alphabetical order, then those of other packages under free names."""
    found = dict(own_remedies())
    for offer in shipped(ENTRY_POINTS):
        declaration = getattr(offer.module, "REMEDY", None)
        if offer.module is not None and isinstance(declaration, Remedy) and declaration.name not in found:
            page, name = inspect.getdoc(offer.module) or "", offer.module.__name__.rpartition(".")[2]
            treat = getattr(offer.module, "treat", None)
            found[declaration.name] = LoadedRemedy(declaration, page, name, offer.package, treat)
    return found


@cache
def own_remedies() -> Mapping[str, LoadedRemedy]:
    """Every remedy of gradwise itself by name, in alphabetical order."""
    found: dict[str, LoadedRemedy] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if info.name in _NOT_REMEDIES:
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        declaration: Remedy = module.REMEDY
        page, treat = inspect.getdoc(module) or "", getattr(module, "treat", None)
        found[declaration.name] = LoadedRemedy(declaration, page, info.name, treat=treat)
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
