"""Putting a function of torch behind a wrapper for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# `warnings` looks through frames of the import system when it names the line that is to blame.
# Bearing such a name, a wrapper leaves that line where it is without gradwise.
UNSEEN = f"{__file__} (as importlib._bootstrap)"


def put(owner: Any, name: str, wrapper: Any) -> Callable[[], None]:
    """Put ``wrapper`` in the place of ``owner.name``.

    Args:
        owner: a module or a class; what it only inherits is inherited again afterwards.
        name: of the function.
        wrapper: a Python function; its code gets a file name that is in nobody's way.

    Returns:
        What puts the original back, unless somebody else has wrapped it since.
    """
    original, own = getattr(owner, name), name in vars(owner)
    wrapper.__code__ = wrapper.__code__.replace(co_filename=UNSEEN)
    setattr(owner, name, wrapper)

    def undo() -> None:
        if vars(owner).get(name) is not wrapper:
            return
        if own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)

    return undo


def call_like(original: Any, wrapper: Any, name: str) -> Any:
    """The wrapper with the name and the words of what it stands for, be that a Python function or not."""
    wrapper.__name__, wrapper.__doc__ = name, original.__doc__
    return wrapper
