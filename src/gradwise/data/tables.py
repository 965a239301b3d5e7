"""A table of rows: what was read, which columns are used, and what is predicted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.columns import Column, infer_column
from gradwise.data.csv_reading import REPEATED
from gradwise.data.examples import Array, Choice, Encoder, Kind
from gradwise.data.target import Target, take_target, target_names
from gradwise.errors import UsageError
from gradwise.registry import nearest

DIGEST_BYTES = 16  # 128 bits: no two data sets meet by chance
HASHED_ROWS = 65_536  # rows of text joined at once for the digest


@dataclass(slots=True)
class TableSource:
    """A table as it was read; see `gradwise.data.examples.Source` for the contract.

    Args:
        frame: every column but target, group and dropped ones; N rows.
        columns: what each of them is; empty for prediction, where the encoder knows.
        rows: (N,) int64, number of each row in the data as it was read, from 1.
        target: what is predicted; None for prediction.
        choices: what was chosen while reading.
        groups: (N,) int64 or None.
        moments: (N,) int64 (microseconds), float64, or None.
        time: column that ``moments`` came from, or "".
    """

    frame: pl.DataFrame
    columns: tuple[Column, ...]
    rows: Array
    target: Target | None = None
    choices: tuple[Choice, ...] = ()
    groups: Array | None = None
    moments: Array | None = None
    time: str = ""
    kind: Kind = "table"

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def used(self) -> tuple[Column, ...]:
        """The columns that a net sees."""
        return tuple(column for column in self.columns if column.used)

    def describe(self) -> list[str]:
        """One line for the whole, then one per column."""
        if not self.columns:
            return [f"{len(self):,} rows, {self.frame.width} columns"]
        width = max(len(column.name) for column in self.columns)
        lines = [f"{len(self):,} rows, {len(self.columns)} columns, {len(self.used)} of them used"]
        if self.target:
            lines.append(f"predicts {', '.join(self.target.names)} ({self.target.kind})")
        return [*lines, *(column.line(width) for column in self.columns)]

    def strata(self) -> Array | None:
        """(N,) int64 class of every row, or None where the target is no class."""
        return self.target.strata() if self.target else None

    def fingerprint(self) -> str:
        """Hexadecimal digest of names, types and cells, target included."""
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        frames = [self.frame] if self.target is None else [self.frame, self.target.frame]
        for series in (series for frame in frames for series in frame.get_columns()):
            digest.update(f"{series.name}\x00{len(series)}\x00".encode())
            for start in range(0, len(series), HASHED_ROWS):
                digest.update(_bytes_of(series.slice(start, HASHED_ROWS)))
        return digest.hexdigest()

    def encoder(self, rows: Array, scale: str = "auto") -> Encoder:
        """Means, categories and classes of ``rows``, the training rows.

        Raises:
            UsageError: nothing to predict, nothing to learn from.
        """
        from gradwise.data.table_encoder import TableEncoder

        return TableEncoder.fit(self, rows, scale)


def _bytes_of(series: pl.Series) -> bytes:
    if (
        series.dtype.is_numeric()
        and series.dtype not in (pl.Int128, pl.UInt128)
        and not series.dtype.is_decimal()
    ):
        mask = series.is_null().to_numpy().tobytes() if series.null_count() else b""
        return np.ascontiguousarray(series.fill_null(0).to_numpy()).tobytes() + mask
    if series.dtype.is_nested():
        return repr(series.to_list()).encode()
    text = series.cast(pl.String, strict=False) if series.dtype != pl.Binary else series.bin.encode("hex")
    return str(text.fill_null("\x00").str.join("\x1f")[0]).encode()


def table_from_frame(
    frame: pl.DataFrame,
    target: str | Sequence[str] | None,
    *,
    time: str | None = None,
    group: str | None = None,
    drop: Sequence[str] = (),
    task: str = "auto",
) -> TableSource:
    """A table from a frame in memory.

    Args:
        frame: N rows as read.
        target: columns to be predicted; None for prediction.
        time: column that tells when a row was taken; splits are then by time.
        group: column whose equal cells belong together, e.g. a patient.
        drop: columns left out.
        task: see `gradwise.data.target.take_target`.

    Raises:
        UsageError: a column asked for that is not there, or cannot be what it is asked to be.
    """
    frame, rows, choices = _without_blank_rows(frame)
    if target is None:
        return TableSource(without(frame, drop), (), rows)
    names = target_names(frame, target)
    frame = without(frame, drop, names)
    for name, option in ((time, "--time"), (group, "--group")):
        if name is not None:
            check_there(frame, name, option)
        if name in names:
            raise UsageError(f"column {name!r} is the target and cannot be {option} too; name another.")
    frame, told, more = take_target(frame, target, task)
    told = replace(told, rows=rows[told.rows - 1])
    groups = None if group is None else group_numbers(frame[group], told.rows)
    moments = None if time is None else moments_of(frame[time], told.rows)
    frame = frame if group is None else frame.drop(group)
    columns = tuple(infer_column(series) for series in frame.get_columns())
    columns = tuple(_ordering(column) if column.name == time else column for column in columns)
    frame = pl.DataFrame([_smaller(frame[column.name], column) for column in columns])
    return TableSource(frame, columns, told.rows, told, (*choices, *more), groups, moments, time or "")


def without(frame: pl.DataFrame, drop: Sequence[str], targets: Sequence[str] | None = None) -> pl.DataFrame:
    """The frame without the columns in ``drop``, which must be there and no targets, where those are known.

    Raises:
        UsageError: a column to be dropped is not there, or is a target.
    """
    for name in drop if targets is not None else ():
        check_there(frame, name, "--drop")
        if name in (targets or ()):
            raise UsageError(f"column {name!r} is the target and cannot be --drop too; name another.")
    return frame.drop([name for name in drop if name in frame.columns])


def check_there(frame: pl.DataFrame, name: str, option: str) -> None:
    """Raise when ``frame`` has no column that an option names."""
    if name not in frame.columns:
        near = nearest(name, frame.columns)
        raise UsageError(f"{option} names column {name!r}, which is not there{near}.")


def _without_blank_rows(frame: pl.DataFrame) -> tuple[pl.DataFrame, Array, tuple[Choice, ...]]:
    """The frame without rows of which every cell is empty, as blank lines leave them, and its row numbers."""
    rows = np.arange(1, frame.height + 1)
    if frame.width < 2 or any(series.null_count() == 0 for series in frame.get_columns()):
        return frame, rows, ()
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    if not blank.any() or blank.all():
        return frame, rows, ()
    count = int(blank.sum())
    first = int(blank.arg_true()[0]) + 1
    choice = Choice("blank-rows", str(count), f"every cell is empty (first: row {first}); left out")
    return frame.filter(~blank), rows[~blank.to_numpy()], (choice,)


def _ordering(column: Column) -> Column:
    """The time column: its date may be seen by season and hour; as a number it only orders rows."""
    if column.role == "date":
        return column
    reason = "it orders the rows, and later rows lie beyond all that training saw"
    return Column(column.name, "unused", column.rows, column.missing, column.distinct, column.shown, reason)


def group_numbers(series: pl.Series, rows: Array) -> Array:
    """(N,) int64 number of the group of every row."""
    if series.null_count():
        row = rows[series.is_null().arg_true()[0]]
        raise UsageError(
            f"--group column {series.name!r} holds {series.null_count()} empty cells (first: row {row}); "
            "fill them or leave those rows out."
        )
    return np.asarray(cells.words(series).rank("dense").cast(pl.Int64).to_numpy() - 1)


def moments_of(series: pl.Series, rows: Array) -> Array:
    """(N,) numbers that order the rows."""
    form = cells.date_format(series) if cells.is_words(series) else ""
    if form is None or series.dtype == pl.Boolean or series.dtype.is_nested():
        raise UsageError(
            f"--time column {series.name!r} holds neither dates nor numbers ({_first(series)!r}); "
            "write dates as 2024-12-31, or name another column."
        )
    if form or series.dtype.is_temporal():
        read = cells.dates(series, form).cast(pl.Int64)
    else:
        read = series if series.dtype.is_integer() else series.cast(pl.Float64).fill_nan(None)
    if read.null_count():
        row = rows[read.is_null().arg_true()[0]]
        raise UsageError(
            f"--time column {series.name!r} holds {read.null_count()} empty cells (first: row {row}); "
            "fill them or leave those rows out."
        )
    return np.asarray(read.to_numpy())


def _first(series: pl.Series) -> object:
    filled = series.drop_nulls()
    return filled[0] if len(filled) else None


def _smaller(series: pl.Series, column: Column) -> pl.Series:
    """The same cells in less memory: whole numbers in fewer bytes, repeated words by number."""
    if series.dtype in (pl.String, pl.Categorical) and column.distinct < REPEATED * column.rows:
        text = cells.words(series)
        return text.cast(pl.Enum(text.unique().drop_nulls().sort()))
    return series.shrink_dtype() if series.dtype.is_integer() else series
