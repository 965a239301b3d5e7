"""The long form of series: one row per moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.answers import several
from gradwise.data.examples import Array, Choice
from gradwise.data.ragged import positions_of, starts_of
from gradwise.errors import UsageError
from gradwise.registry import nearest

_ROW = "\0row"  # columns added while sorting; no file can hold such a name
_TIME = "\0time"


@dataclass(frozen=True, slots=True)
class ReadSeries:
    """Series as they stand in a table.

    Args:
        values: (total moments, F) float32, NaN where missing.
        lengths: (N,) int64 moments of each.
        features: names of the F numbers.
        names: of the series.
        targets: N rows of target columns, none where there are none.
        choices: what was decided.
    """

    values: Array
    lengths: Array
    features: tuple[str, ...]
    names: tuple[str, ...]
    targets: pl.DataFrame
    choices: tuple[Choice, ...] = ()

    def only(self, rows: Array) -> ReadSeries:
        """These series; ``targets`` stays as it is."""
        if len(rows) == len(self.lengths):
            return self
        kept = positions_of(starts_of(self.lengths)[rows], self.lengths[rows])
        names = tuple(self.names[row] for row in rows)
        return replace(self, values=self.values[kept], lengths=self.lengths[rows], names=names)


def series_of_rows(
    frame: pl.DataFrame, targets: Sequence[str], series_id: str, time: str | None
) -> ReadSeries:
    """Rows gathered into series by ``series_id``, in order of first appearance, sorted by ``time``.

    Raises:
        UsageError: see `gradwise.data.series.series_from_frame`.
    """
    for name, option in ((series_id, "--id"), (time, "--time")):
        if name is not None:
            _refuse_absent(frame, name, option)
            if name in targets:
                raise UsageError(f"column {name!r} is both {option} and a target; name another target.")
    for name in targets:
        _refuse_absent(frame, name, "--target")
    if series_id == time:
        raise UsageError(f"column {time!r} is both --id and --time; name two columns.")
    _refuse_gaps(frame[series_id], "the series it belongs to")
    choices: list[Choice] = []
    features = _features(frame, {series_id, *targets, *([time] if time else [])}, choices)
    work = frame.select(series_id, *targets).with_row_index(_ROW)
    work = work.with_columns(pl.col(_ROW).min().over(series_id))  # a series stands where its first row stood
    if time is None:
        choices.append(Choice("time", "order of the rows", "no --time column was named"))
        order = work[_ROW].arg_sort(nulls_last=True) if not work[_ROW].is_sorted() else None
    else:
        work = work.with_columns(_moments(frame[time]).alias(_TIME))
        choices += _order_told(work, time, series_id)
        order = work.select(pl.arg_sort_by(_ROW, _TIME, maintain_order=True)).to_series()
    features, work = (features, work) if order is None else (features[order], work[order])
    values = np.stack([column.to_numpy() for column in features], axis=1).astype(np.float32, copy=False)
    bounds = work.group_by(_ROW, maintain_order=True).agg(pl.len().alias("n"), pl.col(series_id).first())
    names = tuple(cells.words(bounds[series_id]).to_list())
    return ReadSeries(
        values,
        bounds["n"].to_numpy().astype(np.int64),
        tuple(features.columns),
        names,
        _constant(work, targets, series_id),
        tuple(choices),
    )


def _features(frame: pl.DataFrame, taken: set[str], choices: list[Choice]) -> pl.DataFrame:
    """The columns of numbers, as float64 with NaN for gaps; columns that hold none are told and left out."""
    kept, left = [], []
    for column in frame:
        if column.name in taken:
            continue
        style = cells.number_style(column) if cells.is_words(column) else "plain"
        if style is None or column.dtype.is_nested() or column.dtype.is_temporal():
            left.append(column.name)
            continue
        _refuse_infinite(column)
        kept.append(cells.numbers(column, style).cast(pl.Float32).fill_null(float("nan")).alias(column.name))
    if left:
        choices.append(Choice("left-out", several(left, 8), "these columns hold no numbers"))
    if not kept:
        raise UsageError(
            "the table has no column of numbers beside series, time and target; series need at least one."
        )
    return pl.DataFrame(kept)


def _moments(column: pl.Series) -> pl.Series:
    """Times that can be sorted: numbers, dates, or text that holds either."""
    _refuse_gaps(column, "its time")
    if not cells.is_words(column):
        if column.dtype.is_nested() or (column.dtype.is_float() and column.is_nan().any()):
            raise UsageError(
                f"time column {column.name!r} holds lists or NaN; expected a number or date in each row."
            )
        return column
    form = cells.date_format(column)
    if form is not None:
        return cells.dates(column, form)
    style = cells.number_style(column) or "plain"
    read = cells.numbers(column, style)
    if read.null_count():
        row = int(read.is_null().arg_true()[0])
        raise UsageError(
            f"row {row + 1} of time column {column.name!r} holds {column[row]!r}, which is neither a "
            "number nor a date such as 2024-05-31 12:00:00; correct it."
        )
    return read


def _order_told(work: pl.DataFrame, time: str, series_id: str) -> list[Choice]:
    """Whether the rows of a series were unsorted, or several bear one time."""
    step = pl.col(_TIME) - pl.col(_TIME).shift(1).over(_ROW)
    zero = pl.lit(0) if work[_TIME].dtype.is_numeric() else pl.lit(0).cast(pl.Duration)
    backwards = work.filter(step < zero)[_ROW].n_unique() if work[_TIME].dtype != pl.Time else 0
    repeated = work.height - work.select(pl.struct(_ROW, _TIME).n_unique()).item()
    choices = []
    if backwards:
        reason = f"{backwards:,} series were not in the order of {time!r}"
        choices.append(Choice("time", f"sorted by {time}", reason))
    if repeated:
        row = work.select(pl.struct(_ROW, _TIME).is_duplicated().arg_max()).item()
        example = f"e.g. series {work[series_id][row]!r} at {work[_TIME][row]}"
        reason = f"{repeated:,} rows repeat a time of their series, {example}"
        choices.append(Choice("repeated-times", "kept in the order of the file", reason))
    return choices


def _constant(work: pl.DataFrame, targets: Sequence[str], series_id: str) -> pl.DataFrame:
    """One row of targets per series.

    Raises:
        UsageError: a target that changes within a series.
    """
    for name in targets:
        counts = work.group_by(_ROW, maintain_order=True).agg(
            pl.col(name).drop_nulls().n_unique().alias("n"), pl.col(series_id).first()
        )
        changing = counts.filter(pl.col("n") > 1)
        if changing.height:
            some = several([repr(value) for value in changing[series_id].to_list()])
            raise UsageError(
                f"target {name!r} changes within {changing.height:,} of {counts.height:,} series "
                f"({some}); a series has one target: name a column that is constant within each."
            )
    kept = [pl.col(name).drop_nulls().first() for name in targets]
    return work.group_by(_ROW, maintain_order=True).agg(*kept).drop(_ROW)


def _refuse_absent(frame: pl.DataFrame, name: str, option: str) -> None:
    if name not in frame.columns:
        near = nearest(name, frame.columns)
        raise UsageError(
            f"{option} names {name!r}, but there is no such column{near}; there are "
            f"{several(frame.columns, 8)}."
        )


def _refuse_gaps(column: pl.Series, what: str) -> None:
    rows = column.is_null().arg_true()
    if len(rows):
        raise UsageError(
            f"column {column.name!r} is empty in {len(rows):,} rows "
            f"({several([row + 1 for row in rows])}); each row "
            f"must tell {what}."
        )


def _refuse_infinite(column: pl.Series) -> None:
    if column.dtype.is_float() and column.is_infinite().any():
        row = int(column.is_infinite().arg_true()[0])
        raise UsageError(
            f"row {row + 1} of column {column.name!r} holds an infinite value; correct it or empty the cell."
        )
