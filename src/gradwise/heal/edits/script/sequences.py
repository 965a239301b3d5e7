"""Layers put into a Sequential that is written out."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.layers import Held
from gradwise.heal.edits.script.reading import Script


def behind(script: Script, held: Held, place: int, text: str) -> Change:
    """A layer put behind another one, on a line of its own where that one has one.

    Args:
        script: the script.
        held: the Sequential.
        place: of the layer behind which it is put; not the last one.
        text: the call that makes it.

    Raises:
        UncertainError: lines are broken in an unusual way.
    """
    start, end = script.span(held.elements[place].item)
    before = script.data[script.data.rfind(b"\n", 0, start) + 1 : start]
    between = script.data[end : script.span(held.elements[place + 1].item)[0]]
    if before.strip() or b"\n" not in between:
        return Change(end, end, f", {text}")
    if b"," not in between.partition(b"\n")[0].partition(b"#")[0]:
        raise UncertainError(f"line {script.line(held.elements[place].item)}: no comma ends it")
    end += between.index(b"\n") + 1  # behind a comment on that line
    return Change(end, end, f"{before.decode()}{text},{script.module.default_newline}")
