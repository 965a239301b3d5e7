"""The form of an editor: a module with ``NAME`` and ``edit(order)``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from gradwise.errors import UsageError
from gradwise.heal.edits.script.changes import Change
from gradwise.heal.edits.script.facts import Facts
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.values import Numbers
from gradwise.remedies.collection import all_remedies


@dataclass(frozen=True)
class Order:
    """One cure that is to be written into one script.

    Args:
        script: the script.
        cure: name of the cure.
        given: its doses, and ``where``: names of modules or patterns of them.
        facts: what is known of the run.
    """

    script: Script
    cure: str
    given: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)

    @cached_property
    def numbers(self) -> Numbers:
        """The script's numbers."""
        return Numbers(self.script, self.facts.arguments)

    @property
    def where(self) -> list[str]:
        """The modules to which the cure is limited, patterns spelled out where the run tells; empty: all."""
        where = self.given.get("where", self.facts.where)
        found: list[str] = []
        for pattern in [where] if isinstance(where, str) else where:
            inside = f"{pattern}."
            names = [
                name
                for name in self.facts.modules
                if name == pattern or name.startswith(inside) or fnmatchcase(name, pattern)
            ]
            found += names or [pattern]
        return list(dict.fromkeys(found))

    def dose(self, word: str, otherwise: float | None = None) -> float:
        """A dose: as it was given, else the cure's default, else ``otherwise``.

        Raises:
            UsageError: it is no number.
        """
        value = self.given.get(word)
        if value is None:
            remedy = all_remedies().get(self.cure)
            doses = {each.name: each for each in remedy.declaration.doses} if remedy is not None else {}
            value = doses[word].default if word in doses else None
        value = otherwise if value is None else value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{self.cure}: {word} takes a number, not {value!r}.")
        return float(value)


@dataclass(frozen=True, slots=True)
class Done:
    """What an editor wants to be changed, and the same in words."""

    changes: Sequence[Change]
    words: str


Edit = Callable[[Order], Done]


def lines(script: Script, changes: Sequence[Change]) -> str:
    """Where changes stand, in words."""
    found = sorted({script.data.count(b"\n", 0, change.start) + 1 for change in changes})
    return f"line{'s' if len(found) > 1 else ''} {', '.join(map(str, found))}"
