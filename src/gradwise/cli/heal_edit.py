"""The edit of a script that a heal offers: kept beside the treatment, and made where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradwise.errors import GradwiseError

if TYPE_CHECKING:
    from gradwise.heal.edits.editing import Edited
    from gradwise.heal.outcome import Healed
    from gradwise.heal.rerun import Words

DIFF = "edit.diff"


def edit_of(healed: Healed, words: Words, directory: Path) -> Edited | None:
    """The edit that stands for a proven treatment, its diff written beside the treatment.

    Args:
        healed: the outcome.
        words: the script.
        directory: where all is kept.

    Returns:
        None where nothing was proven or nothing can be edited.
    """
    if healed.verdict != "helped" or healed.chosen is None or healed.first is None:
        return None
    from gradwise.heal.advising import advised

    edited = advised(words, healed.chosen, healed.first)
    if edited is not None and edited.diff:
        (directory / DIFF).write_text(edited.diff, encoding="utf-8")
    return edited


def written(healed: Healed, words: Words, edited: Edited | None) -> str:
    """Make the edit in the script; a sentence about what was done."""
    from gradwise.heal.edits.writing import write

    if healed.verdict != "helped":
        return "nothing is written: no cure was proven to help"
    if edited is None or not edited.diff or words.script is None:
        return "nothing is written: the place of the edit is not certain"
    try:
        kept = write(words.script, edited)
    except GradwiseError as error:
        return f"nothing is written: {error}"
    return f"written into {words.script}; the original is {kept.name}"
