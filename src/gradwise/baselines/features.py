"""Rows of any kind of data as one flat row of numbers each, fitted on the training rows of a fold alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwise.baselines import quick
from gradwise.data import cells
from gradwise.data.array_table import ArrayTable
from gradwise.data.column_codes import Categories
from gradwise.data.examples import Array, Choice, Encoder, Source
from gradwise.data.series_encoder import SeriesEncoder
from gradwise.data.table_encoder import TableEncoder
from gradwise.data.tables import TableSource
from gradwise.data.target import Target
from gradwise.data.target_coder import TargetCoder
from gradwise.data.text_encoder import TextEncoder

MOST_ONE_HOT = 1_000  # columns out of categories; rarer ones count as not seen
MOST_MOMENTS = 2_048  # numbers of a series, after averaging neighbours
MOST_BYTES = 1 << 30  # of the features of a fold's training rows
BLOCK = 4_096  # rows looked at or written at once, so that they stay in the processor's cache
FARTHEST = 1e100  # larger numbers would overflow when squared
FIRST_WORD = 2  # token of the most frequent word; before it stand padding and unknown
BYTE = np.float32(255)


@dataclass(frozen=True, slots=True)
class Features:
    """The rows of one fold.

    Args:
        train: (N, D) float64, float32 of images and series, or counts of words as a sparse matrix.
        test: (M, D) of the same.
        numbers: columns at the front that are to be standardised.
        words: they are counts of words.
        flags: all are 0 or 1.
        choices: what was chosen to make them.
    """

    train: Any
    test: Any
    numbers: int = 0
    words: bool = False
    flags: bool = False
    choices: tuple[Choice, ...] = field(default=())

    @property
    def columns(self) -> int:
        """D."""
        return int(self.train.shape[1])


def encoder_for(source: Source, rows: Array) -> Encoder:
    """What is fitted on ``rows``; numbers of tables stay as they are, each model scales by its own rows.

    Raises:
        UsageError: nothing to predict, nothing to learn from.
    """
    return source.encoder(rows, "none" if source.kind in ("table", "images") else "auto")


def coder_of(encoder: Encoder) -> TargetCoder:
    """The code of its target."""
    coder: TargetCoder = encoder.target if isinstance(encoder, TableEncoder) else encoder.coder  # type: ignore[attr-defined]
    return coder


def target_values(source: Source, encoder: Encoder) -> Array:
    """(N,) class ids, (N, K) labels 0 or 1, or numbers in their own units, (N,) or (N, K) float64."""
    coder, target = coder_of(encoder), _target_of(source)
    if coder.task.kind == "classes":
        return coder.encode(target)
    if coder.task.kind == "labels":
        return (coder.encode(target) > 0.5).astype(np.int64)
    columns = [
        cells.numbers(target.frame[name], style).to_numpy().astype(np.float64)
        for name, style in zip(coder.columns, coder.style, strict=True)
    ]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _target_of(source: Source) -> Target:
    target: Target = source.target  # type: ignore[attr-defined]  # an encoder was fitted, so there is one
    return target


def most_rows(encoder: Encoder) -> int:
    """Training rows whose features fit into `MOST_BYTES`."""
    shape = encoder.shape()
    if isinstance(encoder, TextEncoder):
        row = 8 * shape["length"]
    elif isinstance(encoder, TableEncoder):
        row = 8 * (shape["numbers"] + min(sum(shape["categories"]), MOST_ONE_HOT))
    elif "numbers" in shape:
        row = 8 * shape["numbers"]
    elif "height" in shape:
        row = 4 * shape["channels"] * shape["height"] * shape["width"]
    else:
        row = 4 * shape["length"] * shape["features"]
    return int(MOST_BYTES // max(row, 1))


def features(source: Source, encoder: Encoder, train: Array, test: Array) -> Features:
    """Rows as features.

    Args:
        source: the data.
        encoder: fitted on the training rows.
        train: rows learnt from.
        test: rows to be predicted.

    Raises:
        UsageError: see `Encoder.transform`.
    """
    if isinstance(encoder, TableEncoder) and isinstance(source, TableSource):
        return _of_table(source, encoder, train, test)
    if isinstance(source, ArrayTable):
        return _of_array(source, train, test)
    inputs = [encoder.transform(source, rows).inputs for rows in (train, test)]
    if isinstance(encoder, TextEncoder):
        width = int(encoder.shape()["vocabulary"])
        learnt, asked = (_counts(part["tokens"], width) for part in inputs)
        return Features(learnt, asked, words=True)
    if isinstance(encoder, SeriesEncoder):
        return _of_series([(part["series"], part["lengths"]) for part in inputs])
    made = [quick.pooled(part["pixels"]) / BYTE for part in inputs]
    size = inputs[0]["pixels"][0].size
    reason = "divided by 255" + (
        f"; neighbours are averaged from {size:,}" if size > made[0].shape[1] else ""
    )
    return Features(made[0], made[1], choices=(Choice("features", f"{made[0].shape[1]:,} pixels", reason),))


def _of_table(source: TableSource, encoder: TableEncoder, train: Array, test: Array) -> Features:
    kept = _kept_words(source, encoder.categories, train)
    numbers = sum(code.width for code in encoder.numbers)
    width = numbers + sum(len(words) for words in kept)
    parts = []
    for rows in (train, test):
        made = np.zeros((len(rows), width))
        start = 0
        for code in encoder.numbers:
            column = source.frame[code.name].gather(rows)
            code.fill(column, source.rows[rows], made[:, start : start + code.width])
            start += code.width
        np.clip(made, -FARTHEST, FARTHEST, out=made)
        for category, words in zip(encoder.categories, kept, strict=True):
            places = np.full(category.size, -1)
            places[words] = np.arange(start, start + len(words))
            place = places[category.ids(source.frame[category.name].gather(rows))]
            held = np.flatnonzero(place >= 0)
            made[held, place[held]] = 1.0
            start += len(words)
        parts.append(made)
    flags = _only_flags(parts[0])
    return Features(parts[0], parts[1], numbers=numbers, flags=flags, choices=_told(encoder.categories, kept))


def _only_flags(made: Array) -> bool:
    """Whether all is 0 or 1; columns of numbers show within the first rows that they are not."""
    return all(
        bool(((block == 0) | (block == 1)).all())
        for block in (made[start : start + BLOCK] for start in range(0, len(made), BLOCK))
    )


def _kept_words(source: TableSource, codes: Sequence[Categories], train: Array) -> list[Array]:
    """Ids of each category that get a column: all, or the most frequent ones of all columns together."""
    if sum(code.size - 1 for code in codes) <= MOST_ONE_HOT:
        return [np.arange(1, code.size) for code in codes]
    counts = [
        np.bincount(code.ids(source.frame[code.name].gather(train)), minlength=code.size)[1:]
        for code in codes
    ]
    least = np.sort(np.concatenate(counts))[-MOST_ONE_HOT]
    left = MOST_ONE_HOT
    kept = []
    for count in counts:
        words = np.flatnonzero(count >= least)[:left] + 1
        kept.append(words)
        left -= len(words)
    return kept


def _told(codes: Sequence[Categories], kept: Sequence[Array]) -> tuple[Choice, ...]:
    if not codes:
        return ()
    held, known = sum(map(len, kept)), sum(code.size - 1 for code in codes)
    reason = f"{len(codes)} columns of categories, one column for each that training rows hold"
    if held < known:
        reason += f", at most {MOST_ONE_HOT:,}: of {known:,} the most frequent"
    return (Choice("one-hot", f"{held:,} columns", reason),)


def _of_array(source: ArrayTable, train: Array, test: Array) -> Features:
    """Gaps take the mean of the training rows."""
    parts = [source.values[rows].astype(np.float64) for rows in (train, test)]
    gaps = [np.isnan(part) for part in parts]
    if any(gap.any() for gap in gaps):
        known = np.maximum((~gaps[0]).sum(axis=0), 1)
        mean = np.where(gaps[0], 0.0, parts[0]).sum(axis=0) / known
        parts = [np.where(gap, mean, part) for part, gap in zip(parts, gaps, strict=True)]
    np.clip(parts[0], -FARTHEST, FARTHEST, out=parts[0])
    np.clip(parts[1], -FARTHEST, FARTHEST, out=parts[1])
    return Features(parts[0], parts[1], numbers=source.values.shape[1])


def _counts(tokens: Array, width: int) -> Any:
    """How often each known word stands in a text."""
    from scipy.sparse import csr_array

    rows, places = np.nonzero(tokens >= FIRST_WORD)
    words = tokens[rows, places] - FIRST_WORD
    ones, at = np.ones(len(rows)), (rows.astype(np.int32), words.astype(np.int32))  # as libsvm needs them
    return csr_array((ones, at), shape=(len(tokens), width - FIRST_WORD))


def _of_series(parts: Sequence[tuple[Array, Array]]) -> Features:
    """All moments of series of one length; else what can be said of any length."""
    lengths = np.concatenate([part[1] for part in parts])
    if lengths.min() < lengths.max():
        made = [quick.summary(*part) for part in parts]
        span = f"{lengths.min():,} to {lengths.max():,} moments"
        reason = f"{span}: mean, spread, least, largest, first, last, length"
        choice = Choice("features", f"{made[0].shape[1]} of each series", reason)
        return Features(made[0], made[1], numbers=made[0].shape[1], choices=(choice,))
    blocks = [part[0] for part in parts]
    while blocks[0][0].size > MOST_MOMENTS and blocks[0].shape[1] > 1:
        even = blocks[0].shape[1] // 2 * 2
        blocks = [(block[:, 0:even:2] + block[:, 1:even:2]) / 2 for block in blocks]
    kept = blocks[0].shape[1]
    reason = "all series have as many moments" + (f"; {lengths[0]:,} averaged" if kept < lengths[0] else "")
    flat = [block.reshape(len(block), -1) for block in blocks]
    choice = Choice("features", f"{flat[0].shape[1]:,} values of each", reason)
    return Features(flat[0], flat[1], choices=(choice,))
