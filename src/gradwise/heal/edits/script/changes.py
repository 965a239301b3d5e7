"""Replacements in a text, told as spans of its bytes, and their unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


class UncertainError(Exception):
    """The place of an edit, or its meaning, is not certain; the words say why and where."""


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes from ``start`` up to ``end`` give way to ``text``."""

    start: int
    end: int
    text: str


def changed(data: bytes, changes: Iterable[Change]) -> bytes:
    """The text after all changes; those at one spot keep their order.

    Raises:
        UncertainError: two of them want the same bytes.

    >>> changed(b"lr=1.0", [Change(3, 6, "0.1")])
    b'lr=0.1'
    """
    pieces, reached = [], 0
    for change in sorted(dict.fromkeys(changes), key=lambda each: (each.start, each.end)):
        if change.start < reached:
            raise UncertainError("two edits want the same place")
        pieces += [data[reached : change.start], change.text.encode()]
        reached = change.end
    return b"".join([*pieces, data[reached:]])


def unified(before: str, after: str, name: str) -> str:
    r"""The unified diff of two texts, which ``patch -p1`` and ``git apply`` take.

    >>> print(unified("a\nb\n", "a\nc\n", "x.py"))
    --- a/x.py
    +++ b/x.py
    @@ -1,2 +1,2 @@
     a
    -b
    +c
    <BLANKLINE>
    """
    place = name.lstrip("/")  # from the root, as `patch` has it
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{place}", f"b/{place}")
    whole = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return "".join(whole)


def _lines(text: str) -> list[str]:
    """Lines with their ends; only line feeds end one, as for ``patch``."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + (
        [last] if (last := text.rsplit("\n", maxsplit=1)[-1]) else []
    )
