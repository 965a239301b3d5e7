"""Cures written into the source of a script, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradwise.heal.edits.collection import editors
from gradwise.heal.edits.script.changes import UncertainError, changed, unified
from gradwise.heal.edits.script.editor import Order
from gradwise.heal.edits.script.facts import Facts
from gradwise.heal.edits.script.reading import Script, fault_of
from gradwise.remedies.collection import find_remedy


@dataclass(frozen=True, slots=True)
class Edited:
    """A script with cures written into it.

    Args:
        source: the new text; the old one where nothing could be located.
        diff: unified diff from old to new, "" where they are equal.
        done: what was changed, in words, one line a cure.
        left: what the user has to do by hand, one line a cure, naming the line where it is known.
        before: the old text.
    """

    source: str
    diff: str
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    before: str = ""


def edit(
    source: str,
    cures: Iterable[tuple[str, Mapping[str, Any]]],
    facts: Facts | None = None,
    *,
    name: str = "train.py",
) -> Edited:
    r"""Write cures into a script.

    A cure whose place or meaning is not certain changes nothing and is told in words.
    Everything else in the text stays as it is, to the byte.

    Args:
        source: the script's text, with its own line ends.
        cures: name and doses of each, as a treatment holds them.
        facts: what is known of the run.
        name: of the script, for the diff.

    Returns:
        The new text, which compiles.

    Raises:
        UnknownNameError: no cure of that name.
        UsageError: the script cannot be read, or a dose is no number.

    >>> text = "import torch\nopt = torch.optim.SGD([torch.zeros(1)], lr=1.0)\n"
    >>> edit(text, [("lower-lr", {"factor": 0.1})]).done
    ['lower-lr: learning rate times 0.1 (line 2)']
    """
    found = Edited(source, "", before=source)
    done: list[str] = []
    left: list[str] = []
    current = source
    for cure, given in cures:
        remedy = find_remedy(cure).declaration
        try:
            current, words = _one(Order(Script(current), remedy.name, given, facts or Facts()))
            done.append(f"{remedy.name}: {words}")
        except UncertainError as reason:
            left.append(f"{remedy.name}: {remedy.summary} ({reason})")
    if current == source:
        return Edited(source, "", done, left, source)
    return Edited(current, unified(source, current, name), done, left, found.before)


def _one(order: Order) -> tuple[str, str]:
    """The script with one cure, and what was done."""
    editor = editors().get(order.cure)
    if editor is None:
        raise UncertainError("no edit of a script stands for it; `gradwise explain` shows an example")
    done = editor(order)
    if not done.changes:
        raise UncertainError("the script is like that already")
    text = changed(order.script.data, done.changes).decode()
    fault = fault_of(text)
    if fault:
        raise UncertainError(f"the edit would not compile, {fault}")
    return text, done.words
