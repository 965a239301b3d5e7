"""Texts to words, words to numbers."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradwise.data.examples import Array

PADDING = 0
UNKNOWN = 1
FIRST = 2  # number of the most frequent word
AT_ONCE = 50_000  # texts taken apart at once; their words take about 16 bytes each

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # scripts without blanks
_LETTERS = rf"[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]"
# One sign of a script without blanks, or letters and digits, with an apostrophe inside: don't, l'eau.
_WORD = rf"[{_UNSPACED}]|{_LETTERS}+(?:['’]{_LETTERS}+)*"
_TAG = r"<[A-Za-z/!][^<>]{0,200}>"  # remains of web pages, e.g. <br />


def words_of(texts: pl.Series) -> pl.Series:
    """The words of every text, in lower case; no signs, no tags; an empty list where there are none.

    >>> words_of(pl.Series(["It's GOOD!<br />Très bon, 10/10", "猫が好き", None])).to_list()
    [["it's", 'good', 'très', 'bon', '10', '10'], ['猫', 'が', '好', 'き'], []]
    """
    plain = texts.str.replace_all(_TAG, " ").str.normalize("NFC").str.to_lowercase()
    found = plain.str.extract_all(_WORD)
    return found.fill_null([]) if found.null_count() else found


def counted(texts: pl.Series) -> tuple[pl.DataFrame, Array]:
    """How often every word occurs, most frequent first, and how many words every text has.

    Returns:
        A frame of ``word`` and ``count``, equal counts in the order of the alphabet; (N,) int64 lengths.
    """
    parts, lengths = [], []
    for start in range(0, len(texts), AT_ONCE):
        words = words_of(texts.slice(start, AT_ONCE))
        lengths.append(words.list.len().to_numpy().astype(np.int64))
        flat = words.explode().drop_nulls().alias("word")
        parts.append(flat.value_counts())
    total = pl.concat(parts).group_by("word").agg(pl.col("count").sum())
    return total.sort("count", "word", descending=[True, False]), np.concatenate(lengths)


def numbered(texts: pl.Series, vocabulary: pl.Series, length: int) -> tuple[Array, Array]:
    """Texts as numbers of their words.

    Args:
        texts: (N,) strings.
        vocabulary: words; the first is number `FIRST`.
        length: words taken of each text at most, its first ones.

    Returns:
        (N, length) int64, `PADDING` behind the end, `UNKNOWN` for other words; (N,) int64 lengths, 1 or
        more: a text without words is a single unknown one.
    """
    tokens = np.full((len(texts), length), PADDING, np.int64)
    lengths = np.empty(len(texts), np.int64)
    numbers = pl.DataFrame({"word": vocabulary, "number": np.arange(FIRST, FIRST + len(vocabulary))})
    for start in range(0, len(texts), AT_ONCE):
        words = words_of(texts.slice(start, AT_ONCE)).list.head(length)
        counts = words.list.len().to_numpy().astype(np.int64)
        flat = words.explode().drop_nulls().alias("word").to_frame()
        found = flat.join(numbers, on="word", how="left", maintain_order="left")["number"]
        block = tokens[start : start + AT_ONCE]
        block[np.arange(length) < counts[:, None]] = found.fill_null(UNKNOWN).to_numpy()
        block[counts == 0, 0] = UNKNOWN
        lengths[start : start + AT_ONCE] = np.maximum(counts, 1)
    return tokens, lengths
