"""All initialisers, found by walking this package."""

from __future__ import annotations

from typing import Any

from gradwise.init.initialiser import Initialiser
from gradwise.init.pretrained import find_file
from gradwise.registry import Registry, declared

# Modules of this package that hold no initialisers.
_NOT_INITIALISERS = {
    *("apply", "collection", "drawing", "following", "gains", "initialiser"),
    *("matching", "outcome", "scales", "seeing", "tracing", "weight_files"),
}

INITIALISERS = Registry[Initialiser]("initialiser", group="gradwise.initialisers")
for _initialiser in declared("gradwise.init", "INITIALISERS", skip=_NOT_INITIALISERS):
    INITIALISERS.add(_initialiser.name, _initialiser, _initialiser.aliases)


def read(word: str, options: dict[str, Any]) -> tuple[Initialiser, dict[str, Any]]:
    """The initialiser of that name and its options, checked.

    Raises:
        UnknownNameError: no initialiser is called so.
        UsageError: an option that it has not, or a value that the option does not take.
    """
    proper, written = INITIALISERS.parse(word)
    found = INITIALISERS[proper]
    return found, found.checked({**written, **options})


def check_init(word: str) -> str:
    """``word`` with the proper name, before there is a model; a file's path becomes absolute.

    Raises:
        UnknownNameError: no initialiser is called so.
        UsageError: an option that it has not, a value that the option does not take, or no such file.

    >>> check_init("kaiming:mode=fan-out")
    'he-normal:mode=fan-out'
    """
    found, options = read(word, {})
    written = INITIALISERS.parse(word)[1]
    if found.name == "pretrained":
        written["path"] = find_file(options.get("path"))
    shown = ",".join(f"{name}={value}" for name, value in written.items())
    return f"{found.name}:{shown}" if shown else found.name
