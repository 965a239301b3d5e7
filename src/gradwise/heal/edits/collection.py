"""All editors by the cure that they write, found by walking this package."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import gradwise.heal.edits as package
from gradwise.heal.edits.script.editor import Edit

_NOT_EDITORS = {"collection", "editing", "script", "seeing", "writing"}


@cache
def editors() -> Mapping[str, Edit]:
    """Every editor by the name of its cure, in alphabetical order."""
    found: dict[str, Edit] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        if info.name not in _NOT_EDITORS:
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            found[module.NAME] = module.edit
    return found
