"""Texts with what is to be said of each, from a column of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.answers import digest, frame_target, several, target_digest, told, words_digest
from gradwise.data.examples import Array, Choice, Kind
from gradwise.data.scaling import AUTO, choose
from gradwise.data.target import Target
from gradwise.data.text_encoder import TextEncoder, encoder_from, fit
from gradwise.data.words import Words, taken_apart
from gradwise.errors import UsageError
from gradwise.registry import nearest

__all__ = ["TextSource", "encoder_from", "text_from_frame"]


@dataclass(slots=True, eq=False)
class TextSource:
    """N texts with a target.

    Args:
        texts: (N,) strings; null where a cell is empty.
        target: what is to be said of each; None: unknown.
        choices: what was chosen while reading.
    """

    texts: pl.Series
    target: Target | None
    choices: tuple[Choice, ...] = ()
    kind: Kind = "text"
    groups: Array | None = None
    moments: Array | None = None
    _words: Words | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def describe(self) -> list[str]:
        """How many texts of which length; how many are empty; the target."""
        lengths = self.texts.str.len_chars().drop_nulls().to_numpy()
        middle, longest = np.median(lengths), lengths.max()
        lines = [
            f"{len(self):,} texts in {self.texts.name!r}, {middle:.0f} characters long at the median",
            f"the longest has {longest:,} characters",
        ]
        empty = self.texts.null_count()
        if empty:
            lines.append(f"{empty:,} texts are empty")
        return [*lines, *told(self.target, "text")]

    def strata(self) -> Array | None:
        """(N,) int64 class of every text."""
        return None if self.target is None else self.target.strata()

    def fingerprint(self) -> str:
        """Digest of texts and target."""
        return digest(words_digest(self.texts), target_digest(self.target)).hex()

    def words(self) -> Words:
        """The texts taken apart, once."""
        if self._words is None:
            self._words = taken_apart(self.texts)
        return self._words

    def encoder(self, rows: Array, scale: str = AUTO) -> TextEncoder:
        """Vocabulary and length of the texts of ``rows``.

        Raises:
            UsageError: see `gradwise.data.text_encoder.fit`; or a scaling is asked for.
        """
        choose(scale, self.kind)
        return fit(self, rows)


def text_from_frame(
    frame: pl.DataFrame, targets: Sequence[str], *, column: str, task: str = "auto"
) -> TextSource:
    """Texts of one column; the other columns but the targets are not looked at, and that is said.

    Args:
        frame: N rows.
        targets: columns to be predicted; none: unknown.
        column: of texts.
        task: kind of the target, see `gradwise.data.target.take_target`.

    Raises:
        UsageError: a column that is not there, holds no text, or is empty throughout.
    """
    if column not in frame.columns:
        near = nearest(column, frame.columns)
        raise UsageError(f"there is no text column {column!r}{near}; there are {several(frame.columns, 8)}.")
    if column in targets:
        raise UsageError(
            f"column {column!r} holds the texts and cannot be the target too; name another target."
        )
    if not frame.height:
        raise UsageError(f"text column {column!r} has no rows.")
    rest, target, choices = frame_target(frame, targets, task)
    if not cells.is_words(rest[column]):
        raise UsageError(
            f"column {column!r} holds {rest[column].dtype} values, not text; name a column of text."
        )
    texts = cells.words(rest[column])
    if texts.null_count() == len(texts):
        raise UsageError(f"text column {column!r} is empty in all {len(texts):,} rows; name another column.")
    others = [name for name in rest.columns if name != column]
    if others:
        reason = f"a text net reads {column!r} alone"
        choices = (*choices, Choice("left-out", several(others, 8), reason))
    return TextSource(texts, target, choices)
