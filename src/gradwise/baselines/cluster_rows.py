"""Data of any table as one array in which distances between rows mean something, without a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gradwise.data.array_table import ArrayTable
from gradwise.data.column_codes import Categories, Dated, Flag, Scaled
from gradwise.data.columns import Column, infer_column
from gradwise.data.examples import Choice, Source
from gradwise.data.images import ImageSource
from gradwise.data.scaling import USUAL, choose
from gradwise.data.tables import TableSource, check_there
from gradwise.errors import UsageError

Array = NDArray[Any]
FeatureKind = Literal["number", "yes-no", "word", "gap", "date", "pixel"]

LEAST_ROWS = 3  # of two rows nothing can be said
MOST_WORDS = 50  # of a column that get a place of their own; each costs 4 bytes a row, the rest shares one
MOST_PIXELS = 1_024  # numbers of an image; larger ones are averaged over squares first
FEW_VALUES = 10  # distinct values up to which a column of numbers counts heaps, not distances
PART_WORDS = np.float32(np.sqrt(2))  # length of a yes: yes and no differ as much as two words do
SHOWN = 5  # names in a message
BLOCK = 8_192  # rows converted at once


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the array.

    Args:
        column: that it came from, as the data calls it.
        kind: what it says of a row.
        word: of ``word``: the word that it stands for, of ``date``: the part of the date.
        mean: of ``number``: what was taken off.
        scale: of ``number``: what was divided by.
    """

    column: str
    kind: FeatureKind
    word: str = ""
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ClusterRows:
    """Rows to be grouped.

    Args:
        values: (N, D) float32, no gaps.
        features: what the D numbers of a row are.
        rows: (N,) number of each row in the data, from 1.
        told: lines about what was read.
        choices: what was chosen on the way.
        frame: the data as it was read, where it is a table; N rows.
    """

    values: Array
    features: tuple[Feature, ...]
    rows: Array
    told: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    frame: pl.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def heaped(self) -> Array:
        """(D,) bool: few different values, so that rows lie in heaps whether or not there are clusters."""
        seen = self.values[: 10 * BLOCK]
        return np.array(
            [
                feature.kind in ("word", "yes-no", "gap") or len(np.unique(column)) <= FEW_VALUES
                for feature, column in zip(self.features, seen.T, strict=True)
            ]
        )


def cluster_rows(source: Source, drop: Sequence[str] = ()) -> ClusterRows:
    """Columns of numbers standardised, words one-hot, gaps filled and marked as `gradwise fit` does.

    Args:
        source: opened without a target.
        drop: columns left out.

    Raises:
        UsageError: fewer than three rows; series or text, whose rows have no common columns; a column to be
            dropped that is not there; or no column that tells rows apart.
    """
    if len(source) < LEAST_ROWS:
        count = f"there {'is' if len(source) == 1 else 'are'} {len(source)}"
        raise UsageError(f"clusters need at least {LEAST_ROWS} rows, and {count}; give more.")
    if isinstance(source, TableSource):
        return _of_table(source, drop)
    if drop:
        raise UsageError(f"--drop names columns, and this data ({source.kind}) has none; leave it out.")
    if isinstance(source, ArrayTable):
        return _of_array(source)
    if isinstance(source, ImageSource):
        return _of_images(source)
    raise UsageError(
        f"k-means compares rows column by column, and this data is read as {source.kind}; give a table of "
        "numbers or words (--drop COLUMN leaves one out), an array, or images."
    )


def _of_table(source: TableSource, drop: Sequence[str]) -> ClusterRows:
    frame = source.frame
    for name in drop:
        check_there(frame, name, "--drop")
    columns = [_column(frame[name]) for name in frame.columns if name not in drop]
    used = [column for column in columns if column.used]
    scaling = choose(USUAL, "table")
    parts: list[tuple[Array, list[Feature]]] = []
    merged: list[str] = []
    for column in used:
        series = frame[column.name]
        if column.role == "number":
            scaled = Scaled.fit(column, series, scaling)
            parts.append(_numbers(column, series, source.rows, scaled))
        elif column.role == "flag":
            parts.append(_flag(column, series, source.rows, Flag.fit(column, series)))
        elif column.role == "date":
            parts.append(_date(column, series, source.rows, Dated.fit(column, series)))
        else:
            words = Categories.fit(column, series)
            parts.append(_words(column, series, words))
            more = words.merged + max(len(words.known) - MOST_WORDS, 0)
            merged += [f"{column.name} {more:,}"] if more else []
    held = [(array, features) for array, features in parts if features]
    if not held:
        lost = "; ".join(
            f"{column.name!r}: {column.reason or 'too rare words'}" for column in columns[:SHOWN]
        )
        raise UsageError(f"no column tells rows apart{f' ({lost})' if lost else ''}; give more columns.")
    features = tuple(feature for _, group in held for feature in group)
    values = np.empty((frame.height, len(features)), np.float32)
    at = 0
    while held:  # each block is free once it is copied
        array, group = held.pop(0)
        values[:, at : at + len(group)] = array
        at += len(group)
    width = max(len(column.name) for column in columns)
    first = f"{len(source):,} rows, {len(columns)} columns, {len(used)} of them used"
    told = (first, *(column.line(width) for column in columns))
    blank = int(source.rows[-1]) - len(source)
    skipped = [Choice("blank-rows", str(blank), "every cell is empty; left out")] if blank else []
    choices = (*skipped, *_choices(columns, features, merged))
    return ClusterRows(values, features, source.rows, told, choices, frame)


def _column(series: pl.Series) -> Column:
    """What a column is; texts are not for this verb, so nothing is said of how to read them."""
    column = infer_column(series)
    return replace(column, reason=column.reason.partition("; --text")[0])


def _numbers(column: Column, series: pl.Series, rows: Array, code: Scaled) -> tuple[Array, list[Feature]]:
    out = np.empty((len(series), code.width), np.float32)
    code.fill(series, rows, out)
    features = [Feature(column.name, "number", "", code.mean, code.std)]
    if column.distinct <= 1:  # one number and gaps
        return out[:, 1:], [Feature(column.name, "gap")]
    return out, features + [Feature(column.name, "gap")] * code.gaps


def _flag(column: Column, series: pl.Series, rows: Array, code: Flag) -> tuple[Array, list[Feature]]:
    out = np.empty((len(series), code.width), np.float32)
    code.fill(series, rows, out)
    out[:, 0] *= PART_WORDS
    return out, [Feature(column.name, "yes-no")] + [Feature(column.name, "gap")] * code.gaps


def _date(column: Column, series: pl.Series, rows: Array, code: Dated) -> tuple[Array, list[Feature]]:
    out = np.empty((len(series), code.width), np.float32)
    code.fill(series, rows, out)
    features = [
        Feature(column.name, "date", part, mean, std)
        for part, mean, std in zip(code.parts, code.mean, code.std, strict=True)
    ]
    return out, features + [Feature(column.name, "gap")] * code.gaps


def _words(column: Column, series: pl.Series, code: Categories) -> tuple[Array, list[Feature]]:
    """One place for each of the most frequent words, one for all others."""
    known = code.known[:MOST_WORDS]
    ids = code.ids(series)
    ids = np.where(ids > len(known), 0, ids)
    named = [Feature(column.name, "word", word or "(missing)") for word in known]
    others = bool((ids == 0).any())
    if len(known) + others < 2:
        return np.zeros((len(series), 0), np.float32), []
    out = np.zeros((len(series), len(known) + others), np.float32)
    out[np.arange(len(series)), np.where(ids > 0, ids - 1, len(known))] = 1
    return out, named + [Feature(column.name, "word", "(another)")] * others


def _choices(columns: Sequence[Column], features: Sequence[Feature], merged: Sequence[str]) -> list[Choice]:
    """What was chosen for the columns."""
    names = {
        kind: list(dict.fromkeys(each.column for each in features if each.kind == kind))
        for kind in ("number", "date", "word", "yes-no", "gap")
    }
    numbers = names["number"] + names["date"]
    made = []
    if numbers:
        what = "numbers and dates" if names["date"] else "numbers"
        reason = f"{len(numbers)} columns of {what}: mean 0, deviation 1, so that none counts by its unit"
        made.append(Choice("scale", USUAL, reason))
    if names["word"] or names["yes-no"]:
        count = len(names["word"]) + len(names["yes-no"])
        reason = (
            "two different words are as far apart (squared distance 2) as two rows in one number on average"
        )
        made.append(Choice("categories", f"{count} columns one-hot", reason))
    if merged:
        reason = f"in fewer than 3 rows or beyond the {MOST_WORDS} most frequent: {_some(merged)}"
        made.append(Choice("rare-categories", "together", reason))
    if names["gap"]:
        reason = (
            f"a gap may mean something, so each of {_some(names['gap'])} gets a column that marks its gaps"
        )
        made.append(Choice("missing", "median, and a mark", reason))
    lost = [f"{column.name} ({column.role})" for column in columns if not column.used]
    if lost:
        made.append(Choice("columns-left-out", str(len(lost)), _some(lost)))
    return made


def _of_array(source: ArrayTable) -> ClusterRows:
    given = source.values
    mean, deviation, held = _moments(given)
    used = np.flatnonzero((held > 0) & (deviation > 1e-9 * np.abs(mean)))
    if not len(used):
        raise UsageError("no column of the array tells rows apart: each is constant or missing.")
    values = np.empty((len(given), len(used)), np.float32)
    gaps = 0
    for start in range(0, len(given), BLOCK):
        block = (given[start : start + BLOCK][:, used] - mean[used]) / deviation[used]
        gaps += int(np.isnan(block).sum())
        values[start : start + BLOCK] = np.nan_to_num(block, nan=0.0)
    features = tuple(
        Feature(f"column {at + 1}", "number", "", float(mean[at]), float(deviation[at])) for at in used
    )
    choices = [*_read(source), Choice("scale", USUAL, f"{len(used)} columns: mean 0, deviation 1")]
    if gaps:
        choices.append(Choice("missing", "mean of the column", f"{gaps:,} values are missing"))
    lost = given.shape[1] - len(used)
    if lost:
        choices.append(Choice("columns-left-out", str(lost), "constant or missing in every row"))
    if source.target is not None:
        choices.append(_without_target())
    rows = np.arange(1, len(given) + 1)
    told = f"{len(given):,} rows × {given.shape[1]:,} {given.dtype} columns"
    return ClusterRows(values, features, rows, (told,), tuple(choices))


def _moments(values: Array) -> tuple[Array, Array, Array]:
    """(D,) mean, deviation and count of the numbers that are there, block by block."""
    blocks = [values[start : start + BLOCK] for start in range(0, len(values), BLOCK)]
    held = np.sum([(~np.isnan(block)).sum(axis=0) for block in blocks], axis=0)
    count = np.maximum(held, 1)
    mean = np.sum([np.nansum(block, axis=0, dtype=np.float64) for block in blocks], axis=0) / count
    squares = np.sum([np.nansum((block - mean) ** 2, axis=0) for block in blocks], axis=0)
    return mean, np.sqrt(squares / count), held


def _of_images(source: ImageSource) -> ClusterRows:
    from gradwise.baselines.quick import pooled

    flat = pooled(source.pixels).reshape(len(source), -1)
    moving = flat.std(axis=0) > 0
    if not moving.any():
        raise UsageError("all images are the same, pixel by pixel; there is nothing to group.")
    values = flat[:, moving]
    values -= values.mean(axis=0)
    unit = float(values.std())
    values /= unit
    features = tuple(Feature(f"pixel {at}", "pixel", "", 0.0, unit) for at in np.flatnonzero(moving))
    reason = "all pixels are divided by one number: each by its own would blow up those that hardly change"
    choices = [*_read(source), Choice("scale", "one for all pixels", reason)]
    if flat.shape[1] < source.pixels[0].size:
        reason = f"{source.pixels[0].size:,} pixels of an image averaged over squares"
        choices.append(Choice("pixels", f"{flat.shape[1]:,}", reason))
    if source.target is not None:
        choices.append(_without_target())
    told = tuple(source.describe())
    return ClusterRows(values, features, np.arange(1, len(source) + 1), told, tuple(choices))


def _read(source: ArrayTable | ImageSource) -> list[Choice]:
    """What was chosen while reading, without what concerns a target."""
    return [choice for choice in source.choices if choice.name != "task"]


def _without_target() -> Choice:
    return Choice("target", "left out", "clusters are found without it")


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
