"""Series: one row of data is several numbers at each of many moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gradwise.data.answers import digest, frame_target, several, target_digest, told
from gradwise.data.examples import Array, Choice, Kind
from gradwise.data.ragged import starts_of
from gradwise.data.series_cells import series_of_cells
from gradwise.data.series_encoder import SeriesEncoder, encoder_from, fit
from gradwise.data.series_rows import series_of_rows
from gradwise.data.target import Target
from gradwise.errors import UsageError

__all__ = ["SeriesSource", "encoder_from", "series_from_frame"]


@dataclass(slots=True, eq=False)
class SeriesSource:
    """N series of their own lengths, laid end to end.

    Args:
        values: (total moments, F) float32, NaN where missing.
        lengths: (N,) int64 moments of every series.
        features: names of the F numbers.
        target: what is to be said of each series; None: unknown.
        names: of every series, for messages.
        choices: what was chosen while reading.
        columns: of the table, which held the series as lists; () where they came otherwise.
    """

    values: Array
    lengths: Array
    features: tuple[str, ...]
    target: Target | None
    names: Sequence[str] = ()
    choices: tuple[Choice, ...] = ()
    columns: tuple[str, ...] = ()
    kind: Kind = "series"
    groups: Array | None = None
    moments: Array | None = None

    @classmethod
    def of_block(cls, block: Array, target: Target | None, choices: tuple[Choice, ...] = ()) -> SeriesSource:
        """Series of one length: (N, T, F) numbers."""
        count, moments, width = block.shape
        features = tuple(f"feature {i + 1}" for i in range(width))
        values = np.ascontiguousarray(block, np.float32).reshape(-1, width)
        return cls(values, np.full(count, moments, np.int64), features, target, choices=choices)

    def __len__(self) -> int:
        return len(self.lengths)

    def name(self, row: int) -> str:
        """What a series is called in messages."""
        return repr(self.names[row]) if len(self.names) else str(row + 1)

    def starts(self) -> Array:
        """(N,) int64 first moment of every series in ``values``."""
        return starts_of(self.lengths)

    def describe(self) -> list[str]:
        """How many series of which lengths and features; what is missing; the target."""
        short, long = int(self.lengths.min()), int(self.lengths.max())
        span = f"{long:,} moments" if short == long else f"{short:,} to {long:,} moments"
        lines = [f"{len(self):,} series of {span}, features: {several(self.features, 8)}"]
        missing = int(np.isnan(self.values).sum())
        if missing:
            lines.append(f"{missing:,} values ({missing / self.values.size:.2%}) are missing")
        return [*lines, *told(self.target, "series")]

    def strata(self) -> Array | None:
        """(N,) int64 class of every series."""
        return None if self.target is None else self.target.strata()

    def fingerprint(self) -> str:
        """Digest of values, lengths and target."""
        return digest(self.values, self.lengths, target_digest(self.target)).hex()

    def encoder(self, rows: Array, scale: str = "auto") -> SeriesEncoder:
        """Shift and scale of every feature, and the longest length, over ``rows``."""
        return fit(self, rows, scale)


def series_from_frame(
    frame: pl.DataFrame,
    targets: Sequence[str],
    *,
    series_id: str | None = None,
    time: str | None = None,
    column: str | Sequence[str] | None = None,
    task: str = "auto",
) -> SeriesSource:
    """Series out of a table, in one of two forms.

    Long: one row per moment, ``series_id`` tells which rows belong together and ``time`` their order; all
    other columns of numbers are features.  Wide: one row per series, whose numbers stand in ``column``, as a
    list or as text like ``0.1 0.2 0.3``; several such columns are several features.

    Args:
        frame: the table.
        targets: columns to be predicted, constant within a series; none: unknown.
        series_id: column that names the series (long form).
        time: column that orders the moments (long form); None: the order of the rows.
        column: column or columns of lists (wide form).
        task: kind of the target, see `gradwise.data.target.take_target`.

    Raises:
        UsageError: a column that is not there or unfit, an empty series, or a target that changes within one.
    """
    if (series_id is None) == (column is None):
        raise UsageError(
            "series take either --id, the column that names the series of a long table, or "
            "the column that holds a list in each row; give one of them."
        )
    if not frame.height:
        raise UsageError("the table has no rows; series need at least one.")
    if column is not None:
        columns = (column,) if isinstance(column, str) else tuple(column)
        rest, target, choices = frame_target(frame, targets, task)
        others = [name for name in rest.columns if name not in columns]
        if others:
            reason = f"a net for series reads {several(columns, 8)} alone"
            choices = (*choices, Choice("left-out", several(others, 8), reason))
        rows = np.arange(1, frame.height + 1) if target is None else target.rows
        read = series_of_cells(rest, columns, rows)
    else:
        read = series_of_rows(frame, targets, str(series_id), time)
        _, target, choices = frame_target(read.targets, targets, task)
        read = read.only(target.rows - 1) if target is not None else read
    return SeriesSource(
        read.values, read.lengths, read.features, target, read.names, (*choices, *read.choices)
    )
