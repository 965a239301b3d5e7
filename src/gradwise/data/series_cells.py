"""The wide form of series: one row per series, its numbers as a list in one cell."""

from __future__ import annotations

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.answers import several
from gradwise.data.examples import Array
from gradwise.data.series_rows import ReadSeries
from gradwise.errors import UsageError
from gradwise.registry import nearest

_PARTS = r"[^\s,;|\[\]()]+"  # between blanks, commas, semicolons or bars; brackets around all are left out
_GAPS = ("nan", "na", "null", "none", "?")  # numbers that are not there, in lists


def series_of_cells(frame: pl.DataFrame, column: str, rows: Array) -> ReadSeries:
    """The lists of one column as series of one feature.

    Args:
        frame: N rows.
        column: of lists of numbers, or of text like ``0.1 0.2`` or ``[0.1, 0.2]``.
        rows: (N,) row numbers, for messages.

    Raises:
        UsageError: no such column, an empty cell, or one that holds no numbers.
    """
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
    kept = values.cast(pl.Float32).fill_null(float("nan")).to_numpy()[:, None]
    return ReadSeries(kept, lengths, (column,), tuple(f"row {row}" for row in rows), pl.DataFrame())


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
