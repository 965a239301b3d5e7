"""Texts to words, words to numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradwise.data.examples import Array
from gradwise.data.ragged import positions_of, starts_of

PADDING = 0
UNKNOWN = 1
FIRST = 2  # number of the most frequent word
AT_ONCE = 20_000  # texts taken apart at once; the words of a review take about 4 kB

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # scripts without blanks
_LETTERS = rf"[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]"
# One sign of a script without blanks, or letters and digits, with an apostrophe inside: don't, l'eau.
_WORD = rf"[{_UNSPACED}]|{_LETTERS}+(?:['’]{_LETTERS}+)*"
_TAG = r"<[A-Za-z/!][^<>]{0,200}>"  # remains of web pages, e.g. <br />


@dataclass(frozen=True, slots=True)
class Words:
    """Texts taken apart, once for counting and numbering.

    Args:
        codes: (total words,) int32 positions in ``spelled``, text after text.
        lengths: (N,) int64 words of every text.
        spelled: every word that occurs.
    """

    codes: Array
    lengths: Array
    spelled: Sequence[str]


def words_of(texts: pl.Series) -> pl.Series:
    """The words of every text, in lower case; no signs, no tags; an empty list where there are none.

    >>> words_of(pl.Series(["It's GOOD!<br />Très bon, 10/10", "猫が好き", None])).to_list()
    [["it's", 'good', 'très', 'bon', '10', '10'], ['猫', 'が', '好', 'き'], []]
    """
    plain = texts.str.replace_all(_TAG, " ")
    if (plain.str.len_bytes() != plain.str.len_chars()).any():  # plain English needs no normal form
        plain = plain.str.normalize("NFC")
    found = plain.str.to_lowercase().str.extract_all(_WORD)
    return found.fill_null([]) if found.null_count() else found


def taken_apart(texts: pl.Series) -> Words:
    """The words of N texts; about 2 s for 25,000 film reviews."""
    known: dict[str, int] = {}
    codes, lengths = [], []
    for start in range(0, len(texts), AT_ONCE):
        words = words_of(texts.slice(start, AT_ONCE))
        lengths.append(words.list.len().to_numpy().astype(np.int64))
        flat = words.explode().drop_nulls()
        here = flat.unique(maintain_order=True)
        code = np.array([known.setdefault(word, len(known)) for word in here.to_list()], np.int32)
        codes.append(code[flat.cast(pl.Enum(here)).to_physical().to_numpy()])
    return Words(np.concatenate(codes), np.concatenate(lengths), list(known))


def counted(words: Words, rows: Array) -> pl.DataFrame:
    """How often every word occurs in ``rows``.

    Returns:
        A frame of ``word`` and ``count``, most frequent first, equal counts in the order of the alphabet.
    """
    chosen = words.codes[positions_of(starts_of(words.lengths)[rows], words.lengths[rows])]
    counts = np.bincount(chosen, minlength=len(words.spelled))
    frame = pl.DataFrame({"word": pl.Series(words.spelled, dtype=pl.String), "count": counts})
    return frame.filter(pl.col("count") > 0).sort("count", "word", descending=[True, False])


def numbered(words: Words, rows: Array, vocabulary: Sequence[str], length: int) -> tuple[Array, Array]:
    """Texts as numbers of their words.

    Args:
        words: of all texts.
        rows: (N,) texts wanted.
        vocabulary: words told apart; the first is number `FIRST`.
        length: words taken of each text at most, its first ones.

    Returns:
        (N, length) int64, `PADDING` behind the end, `UNKNOWN` for other words; (N,) int64 lengths, 1 or
        more: a text without words is a single unknown one.
    """
    number = {word: i for i, word in enumerate(vocabulary, start=FIRST)}
    table = np.array([number.get(word, UNKNOWN) for word in words.spelled], np.int64)
    taken = np.minimum(words.lengths[rows], length)
    tokens = np.full((len(rows), length), PADDING, np.int64)
    at = positions_of(starts_of(words.lengths)[rows], taken)
    tokens[np.arange(length) < taken[:, None]] = table[words.codes[at]]
    tokens[taken == 0, 0] = UNKNOWN
    return tokens, np.maximum(taken, 1)
