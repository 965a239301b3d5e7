"""Things known by identity and held weakly."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any


class Alive:
    """A set of objects that still exist, in the order in which they came.

    By identity: some modules (those of torchmetrics) hash by their contents, which
    change, or cannot be hashed before they are complete.
    """

    def __init__(self) -> None:
        self._kept: dict[int, weakref.ref[Any]] = {}

    def add(self, thing: Any) -> None:
        """Remember a thing; again is as once."""
        key, kept = id(thing), self._kept
        if key not in kept or kept[key]() is not thing:
            kept.pop(key, None)
            kept[key] = weakref.ref(thing, lambda gone: _forget(kept, key, gone))

    def __iter__(self) -> Iterator[Any]:
        """Those that still exist."""
        for ref in list(self._kept.values()):
            thing = ref()
            if thing is not None:
                yield thing


def _forget(kept: dict[int, weakref.ref[Any]], key: int, gone: weakref.ref[Any]) -> None:
    if kept.get(key) is gone:
        del kept[key]
