"""Callback classes made when they are asked for, so that no framework is imported before."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from gradwise.errors import MissingDependencyError


def framework(title: str, package: str, *modules: str) -> ModuleType:
    """The first of the modules that can be imported.

    Args:
        title: how the framework is called.
        package: what to install.
        modules: where its callbacks are defined, the preferred one first.

    Raises:
        MissingDependencyError: the framework is not installed.
    """
    for name in modules:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise  # the framework is there, something that it needs is not
    raise MissingDependencyError(
        f"this callback needs {title}, which is not installed; install it with `pip install {package}`."
    )


def composed(name: str, hooks: type, base: type) -> Any:
    """The class ``name`` with our hooks over the framework's own callback."""
    space = {"__doc__": hooks.__doc__, "__module__": hooks.__module__}
    return type(name, (hooks, base), space)
