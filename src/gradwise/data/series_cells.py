"""The wide form of series: one row per series, its numbers as a list in one cell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.answers import several
from gradwise.data.examples import Array
from gradwise.data.series_rows import ReadSeries
from gradwise.errors import UsageError
from gradwise.registry import nearest

_PARTS = r"[^\s,;|\[\]()]+"  # between blanks, commas, semicolons or bars; brackets around all are left out
_NUMBER = r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\?|(?i:nan|na|null|none))"
_BETWEEN = {"blanks": r"\s+", "commas": r"\s*,\s*", "semicolons": r"\s*;\s*", "bars": r"\s*\|\s*"}
DIGITS = 18  # of the longest whole numbers that tables hold, int64's; more groups of three are a list
_GAPS = ("nan", "na", "null", "none", "?")  # numbers that are not there, in lists


def series_of_cells(frame: pl.DataFrame, columns: Sequence[str], rows: Array) -> ReadSeries:
    """The lists of some columns as series, one feature each.

    Args:
        frame: N rows.
        columns: of lists of numbers, or of text like ``0.1 0.2`` or ``[0.1, 0.2]``.
        rows: (N,) row numbers, for messages.

    Raises:
        UsageError: no such column, an empty cell, one that holds no numbers, or lists of a row that differ
            in length.
    """
    read = [_series_of_column(frame, column, rows) for column in columns]
    lengths = read[0][1]
    for column, (_, others) in zip(columns, read, strict=True):
        differ = np.flatnonzero(others != lengths)
        if len(differ):
            at = differ[0]
            raise UsageError(
                f"row {rows[at]} holds {lengths[at]} numbers in column {columns[0]!r} and {others[at]} in "
                f"{column!r}; the series of a row must be equally long: correct it, or --drop a column."
            )
    values = np.stack([kept for kept, _ in read], axis=1)  # (moments, F)
    return ReadSeries(values, lengths, tuple(columns), tuple(f"row {row}" for row in rows), pl.DataFrame())


def parted_by(series: pl.Series) -> str | None:
    """What parts the numbers of a column of lists written as text; None where it is something else.

    Every filled cell must hold two numbers or more, parted in one and the same way.

    >>> parted_by(pl.Series(["0.1 0.2 0.3", "1 2"])), parted_by(pl.Series(["[1, 2]", None, "[3, ?]"]))
    ('blanks', 'commas')
    >>> parted_by(pl.Series(["1 2", "3"])), parted_by(pl.Series(["1,5", "2,5"]))
    (None, None)
    """
    if not cells.is_words(series):
        return None
    text = cells.filled(series)
    start = text.head(cells.LOOK_AT)
    for name, between in _BETWEEN.items():
        pattern = rf"^[\[(]?\s*{_NUMBER}(?:{between}{_NUMBER})+\s*[\])]?$"
        if len(start) and start.str.contains(pattern).all() and text.str.contains(pattern).all():
            # 1,5 and 100 200 300 are numbers as well; what is too long for a number is a list
            one_number = cells.number_style(start) is not None and counts(start).median() < DIGITS / 3  # type: ignore[operator]
            return None if one_number else name
    return None


def counts(series: pl.Series) -> pl.Series:
    """(N,) how many numbers each cell of a column of lists holds; null where it is empty."""
    if cells.is_words(series):
        return series.cast(pl.String).str.count_matches(_PARTS)
    return series.list.len() if isinstance(series.dtype, pl.List) else series.arr.len()


def _series_of_column(frame: pl.DataFrame, column: str, rows: Array) -> tuple[Array, Array]:
    """(total moments,) float32 values, NaN for gaps, and (N,) lengths."""
    if column not in frame.columns:
        near = nearest(column, frame.columns)
        raise UsageError(
            f"there is no column {column!r} of series{near}; there are {several(frame.columns, 8)}."
        )
    lists = _as_lists(frame[column])
    lengths = lists.list.len().fill_null(0).to_numpy().astype(np.int64)
    if (lengths == 0).any():
        empty = rows[np.flatnonzero(lengths == 0)]
        raise UsageError(
            f"column {column!r} holds no series in {len(empty):,} rows ({several(list(empty))}); "
            "fill them in or leave the rows out."
        )
    flat = lists.explode()
    values = _numbers(flat)
    bad = _unreadable(flat, values)
    if bad is not None:
        row = int(np.searchsorted(np.cumsum(lengths), bad, side="right"))
        raise UsageError(
            f"row {rows[row]} of column {column!r} holds {flat[bad]!r}, which is no finite number; "
            "correct it."
        )
    return values.cast(pl.Float32).fill_null(float("nan")).to_numpy(), lengths


def _as_lists(cell: pl.Series) -> pl.Series:
    if isinstance(cell.dtype, pl.Array):
        cell = cell.arr.to_list()
    if cells.is_words(cell):
        return cell.cast(pl.String).str.extract_all(_PARTS)
    inner = cell.dtype.inner if isinstance(cell.dtype, pl.List) else None
    if inner is None or not (inner.is_numeric() or inner in (pl.String, pl.Boolean, pl.Null)):
        raise UsageError(
            f"column {cell.name!r} holds {cell.dtype} cells; expected lists of numbers, or text like "
            "0.1 0.2 0.3."
        )
    return cell


def _numbers(flat: pl.Series) -> pl.Series:
    """Null where there is no finite number."""
    return cells.numbers(flat)


def _unreadable(flat: pl.Series, values: pl.Series) -> int | None:
    """Position of the first entry that says something, but is no finite number."""
    said = flat.is_not_null()
    if cells.is_words(flat):
        said &= ~flat.str.to_lowercase().is_in(_GAPS)
    elif flat.dtype.is_float():
        said &= flat.is_not_nan()
    bad = (said & values.is_null()).arg_true()
    return int(bad[0]) if len(bad) else None
