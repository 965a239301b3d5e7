"""The form of a remedy: a page and a declaration.

A remedy module holds a docstring (its handbook page) and one `Remedy` named
``REMEDY``.  Rules name remedies by string; `gradwise.remedies.collection`
finds the modules by walking this package, so adding one touches no other file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["safe", "changes-training", "changes-model", "changes-data"]

# What each grade promises; mildest first.
GRADES: dict[Grade, str] = {
    "safe": "the same mathematics, computed better",
    "changes-training": "the same model on the same data, trained in another way",
    "changes-model": "another model is trained",
    "changes-data": "the model sees other data",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """The change in the user's code that a remedy stands for, shown on a typical piece of code."""

    before: str
    after: str

    def as_text(self) -> str:
        r"""Both halves under ``# before`` and ``# after``.

        >>> print(Edit("lr=1.0\n", "lr=0.1\n").as_text())
        # before
        lr=1.0
        <BLANKLINE>
        # after
        lr=0.1
        """
        return f"# before\n{self.before.strip()}\n\n# after\n{self.after.strip()}"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Declaration of a remedy.

    Args:
        name: catalogue name in kebab-case; it states what is done.
        grade: how far the change reaches, see `GRADES`.
        summary: what to do, lower case, in at most a dozen words.
        edit: the change in code that it stands for.
    """

    name: str
    grade: Grade
    summary: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class LoadedRemedy:
    """A remedy with its page, as the collection hands it out."""

    declaration: Remedy
    page: str
    module: str
    package: str = ""  # the distribution that ships it; "" for gradwise itself
