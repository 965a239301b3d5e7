"""Texts to batches of word numbers: the vocabulary and the length that the training texts gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gradwise.data.answers import choices_from, choices_state, coded, fitted_coder
from gradwise.data.examples import Array, Choice, Examples, Source, Task
from gradwise.data.target_coder import TargetCoder
from gradwise.data.words import FIRST, counted, numbered
from gradwise.errors import UsageError

if TYPE_CHECKING:
    from gradwise.data.text import TextSource

KIND = "text"
HOW = "name the column that holds it with --target."
MOST_WORDS = 20_000  # words told apart; what Keras' examples on IMDB take
SELDOM = 2  # times that a word must occur: nothing is learnt from a single time
COVERED = 95  # per cent of training texts that are kept whole
LONGEST = 400  # words of a text at most; where Keras' and fastText's examples on IMDB cut


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """What was fitted to the training texts.

    Args:
        coder: of the target.
        choices: what was chosen while reading and fitting.
        words: told apart, most frequent first; the first has number 2, after padding and unknown.
        length: words taken of a text, its first ones.
    """

    coder: TargetCoder
    choices: tuple[Choice, ...]
    words: tuple[str, ...]
    length: int

    @property
    def task(self) -> Task:
        """What is to be predicted."""
        return self.coder.task

    def shape(self) -> dict[str, Any]:
        """``vocabulary``, padding and unknown included, and ``length``."""
        return {"vocabulary": FIRST + len(self.words), "length": self.length}

    def transform(self, source: Source, rows: Array | None = None) -> Examples:
        """``tokens`` (N, length) int64, 0 behind the end, 1 for other words; ``lengths`` (N,) int64 > 0.

        Raises:
            UsageError: the source holds no texts.
        """
        from gradwise.data.text import TextSource

        if not isinstance(source, TextSource):
            raise UsageError(f"the net was trained on texts, but the data is a {source.kind}; give texts.")
        chosen = np.arange(len(source)) if rows is None else rows
        tokens, lengths = numbered(source.words(), chosen, self.words, self.length)
        return Examples({"tokens": tokens, "lengths": lengths}, coded(self.coder, source.target, rows))

    def state(self) -> dict[str, Any]:
        """Everything above, as JSON can hold it."""
        fitted = {"target": self.coder.state(), "choices": choices_state(self.choices)}
        return {"kind": KIND, **fitted, "words": list(self.words), "length": self.length}


def fit(source: TextSource, rows: Array) -> TextEncoder:
    """An encoder fitted on these texts of ``source``.

    Raises:
        UsageError: no target, or no words in the training texts.
    """
    coder = fitted_coder(source.target, rows, HOW)
    counts, lengths = counted(source.words(), rows), source.words().lengths[rows]
    if not counts.height:
        raise UsageError(
            f"the {len(rows):,} training texts of {source.texts.name!r} hold no words, only signs or blanks; "
            "name another column."
        )
    words, vocabulary = _vocabulary(counts)
    length, cut = _length(lengths)
    empty = int((lengths == 0).sum())
    choices = (*source.choices, vocabulary, cut, *_empty(empty, len(rows)))
    return TextEncoder(coder, choices, tuple(words.to_list()), length)


def encoder_from(state: dict[str, Any]) -> TextEncoder:
    """What `TextEncoder.state` wrote."""
    coder, choices = TargetCoder.from_state(state["target"]), choices_from(state["choices"])
    return TextEncoder(coder, choices, tuple(state["words"]), state["length"])


def _vocabulary(counts: pl.DataFrame) -> tuple[pl.Series, Choice]:
    """The words told apart; all of them where none occurs twice."""
    often = counts.filter(pl.col("count") >= SELDOM)
    kept = (often if often.height else counts).head(MOST_WORDS)
    share = float(kept["count"].sum()) / float(counts["count"].sum())
    rule = f"that occur at least {SELDOM} times" if often.height else "though each occurs once"
    reason = f"of {counts.height:,} words in the training texts those {rule}, at most {MOST_WORDS:,}; "
    return kept["word"], Choice(
        "vocabulary", f"{kept.height:,} words", f"{reason}they cover {share:.1%} of all text"
    )


def _length(lengths: Array) -> tuple[int, Choice]:
    wanted = int(np.ceil(np.percentile(lengths, COVERED)))
    length = max(1, min(wanted, LONGEST))
    cut = int((lengths > length).sum())
    reason = (
        f"{COVERED} % of the training texts have at most {wanted:,} words, and {LONGEST} are taken at most; "
    )
    return length, Choice(
        "length", f"{length} words", f"{reason}{cut:,} of {len(lengths):,} texts are cut there"
    )


def _empty(count: int, of: int) -> tuple[Choice, ...]:
    if not count:
        return ()
    return (Choice("empty-texts", "one unknown word", f"{count:,} of {of:,} training texts hold no words"),)
