"""One column as a net takes it: fitted on training rows, written to its place in an array, saved as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.columns import Column
from gradwise.data.examples import Array
from gradwise.data.scaling import FARTHEST, Scale, Spread
from gradwise.data.target import flags
from gradwise.errors import UsageError

RARE_BELOW = 3  # training rows of a category below which nothing is learnt of it; it counts as not seen
MOST_CATEGORIES = 10_000  # embeddings of more would outweigh the rest of a net; the rest counts as not seen
DAY = 86_400e6  # microseconds
PARTS = ("day", "year", "month", "weekday", "hour")


@dataclass(frozen=True, slots=True)
class Scaled:
    """Numbers shifted and scaled, by default to mean 0 and deviation 1; gaps become the median.

    Args:
        name: of the column.
        style: how numbers are spelled in text.
        median: of the training rows, put into gaps.
        mean: what is taken off; where standardised, the mean of the training rows.
        std: what is divided by; where standardised, the deviation of the training rows, 1 where constant.
        gaps: whether a second number tells 1 where a cell was missing.
        strict: whether words among the numbers are refused.
        farthest: how far from 0 the result may lie.
    """

    name: str
    style: cells.NumberStyle
    median: float
    mean: float
    std: float
    gaps: bool
    strict: bool = True
    farthest: float = FARTHEST

    @classmethod
    def fit(cls, column: Column, series: pl.Series, scale: Scale) -> Scaled:
        """From the training rows."""
        strict = not cells.not_numbers(series, column.style)
        values = cells.numbers(series, column.style)
        held = values.drop_nulls().to_numpy()
        gaps = len(held) < len(values)
        if not len(held):
            return cls(column.name, column.style, 0.0, 0.0, 1.0, gaps, strict, scale.farthest)
        median = 2 * float(np.median(held / 2))  # the sum of the two in the middle may overflow
        spread = Spread(*moments(held), float(held.min()), float(held.max()))
        return cls(column.name, column.style, median, *scale.affine(spread), gaps, strict, scale.farthest)

    @property
    def width(self) -> int:
        """One, or two with the mark of gaps."""
        return 1 + self.gaps

    def fill(self, series: pl.Series, rows: Array, out: Array) -> None:
        """Write (N, width) float32 to ``out``."""
        if series.dtype.is_nested() or series.dtype.is_temporal():
            kind = "lists" if series.dtype.is_nested() else "dates"
            raise UsageError(
                f"column {self.name!r} holds {kind}, but numbers in training; correct its cells."
            )
        bad = cells.not_numbers(series, self.style) if self.strict else []
        if bad:
            raise UsageError(
                f"row {rows[bad[0]]} of column {self.name!r} holds {series[bad[0]]!r}, but training saw only "
                "numbers; correct the cell or leave it empty."
            )
        values = cells.numbers(series, self.style)
        if self.gaps:
            out[:, 1] = values.is_null().to_numpy()
        held = values.fill_null(self.median).to_numpy()
        standardise(held, self.mean, self.std, out[:, 0], farthest=self.farthest)

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it."""
        return _state("scaled", self)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes and no as 1 and 0; a gap becomes the more frequent of the two.

    Args:
        name: of the column.
        usual: 0 or 1, the more frequent in training.
        gaps: whether a second number tells 1 where a cell was missing.
    """

    name: str
    usual: int
    gaps: bool

    @classmethod
    def fit(cls, column: Column, series: pl.Series) -> Flag:
        """From the training rows."""
        held = flags(cells.words(series).drop_nulls())
        usual = int(held is not None and len(held) > 0 and held.mean() > 0.5)
        return cls(column.name, usual, bool(series.null_count()))

    @property
    def width(self) -> int:
        """One, or two with the mark of gaps."""
        return 1 + self.gaps

    def fill(self, series: pl.Series, rows: Array, out: Array) -> None:
        """Write (N, width) float32 to ``out``."""
        text = cells.words(series.fill_nan(None) if series.dtype.is_float() else series)
        missing = text.is_null() | text.str.to_lowercase().is_in(cells.MISSING_WORDS)
        held = flags(text.set(missing, None).fill_null(str(self.usual)))
        if held is None:
            at = next(
                at for at, word in enumerate(text) if word is not None and flags(pl.Series([word])) is None
            )
            raise UsageError(
                f"row {rows[at]} of column {self.name!r} holds {series[at]!r}, but training saw only yes "
                "and no; correct the cell or leave it empty."
            )
        out[:, 0] = held
        if self.gaps:
            out[:, 1] = missing.to_numpy()

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it."""
        return _state("flag", self)


@dataclass(frozen=True, slots=True)
class Dated:
    """A date as day number, year, month, weekday and hour, those that vary, each standardised.

    Args:
        name: of the column.
        form: how dates are spelled in text.
        parts: which parts are used.
        mean: of each part over the training rows.
        std: of each part over the training rows.
        gaps: whether a last number tells 1 where a cell was missing; its parts are then 0, the mean.
    """

    name: str
    form: str
    parts: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    gaps: bool

    @classmethod
    def fit(cls, column: Column, series: pl.Series, *, ordering: bool = False) -> Dated:
        """From the training rows; of the column that orders rows only what comes round again."""
        dates = cells.dates(series, column.form)
        fitted = []
        for part in PARTS:
            values = _part(dates, part).drop_nulls().to_numpy()
            if len(values) and values.min() < values.max() and not (ordering and part in ("day", "year")):
                fitted.append((part, *moments(values)))
        names, mean, std = zip(*fitted, strict=True) if fitted else ((), (), ())
        return cls(column.name, column.form, names, mean, std, dates.null_count() > 0)

    @property
    def width(self) -> int:
        """One for each part, one for the mark of gaps."""
        return len(self.parts) + self.gaps

    def fill(self, series: pl.Series, rows: Array, out: Array) -> None:
        """Write (N, width) float32 to ``out``."""
        dates = cells.dates(series, self._form_of(series))
        bad = (
            dates.is_null() & cells.words(series).is_not_null()
            if not series.dtype.is_nested()
            else dates.is_null()
        )
        if cells.is_words(series):
            bad &= ~cells.words(series).str.to_lowercase().is_in(cells.MISSING_WORDS)
        if bad.any():
            at = int(bad.arg_true()[0])
            form = f" in the form {self.form}" if self.form else ""
            raise UsageError(
                f"row {rows[at]} of column {self.name!r} holds {series[at]!r}, but training saw dates{form}; "
                "correct the cell or leave it empty."
            )
        for at, (part, mean, std) in enumerate(zip(self.parts, self.mean, self.std, strict=True)):
            standardise(_part(dates, part).fill_null(mean).to_numpy(), mean, std, out[:, at])
        if self.gaps:
            out[:, -1] = dates.is_null().to_numpy()

    def _form_of(self, series: pl.Series) -> str:
        """The form of training; data that had real dates then and has text now is read by its own."""
        return self.form or (cells.date_format(series) or "" if cells.is_words(series) else "")

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it."""
        return _state("dated", self)


@dataclass(frozen=True, slots=True)
class Categories:
    """Words as ids from 1; 0 stands for all that training saw too seldom or never.

    Args:
        name: of the column.
        known: the words, most frequent first; a gap is the word "".
        merged: how many words of training count as not seen.
    """

    name: str
    known: tuple[str, ...]
    merged: int = 0

    @classmethod
    def fit(cls, column: Column, series: pl.Series) -> Categories:
        """From the training rows."""
        counts = cells.words(series).fill_null("").rename("word").value_counts(name="times")
        counts = counts.sort(["times", "word"], descending=[True, False])
        kept = counts.filter(pl.col("times") >= RARE_BELOW).head(MOST_CATEGORIES)["word"].to_list()
        return cls(column.name, tuple(kept), counts.height - len(kept))

    @property
    def size(self) -> int:
        """Number of ids, 0 included."""
        return len(self.known) + 1

    def ids(self, series: pl.Series) -> Array:
        """(N,) int64."""
        if series.dtype.is_nested():
            raise UsageError(f"column {self.name!r} holds lists, but words in training; correct its cells.")
        if not self.known:
            return np.zeros(len(series), np.int64)
        text = cells.words(series).fill_null("")
        found = text.cast(pl.Enum(self.known), strict=False).to_physical()
        return np.asarray((found.cast(pl.Int64) + 1).fill_null(0).to_numpy())

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it."""
        return _state("categories", self)


Code = Scaled | Flag | Dated | Categories
CODES: dict[str, type[Code]] = {"scaled": Scaled, "flag": Flag, "dated": Dated, "categories": Categories}


def code_from(state: dict[str, Any]) -> Code:
    """What ``state`` of a code wrote, read back."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in state.items()
    }
    return CODES[values.pop("code")](**values)


def _state(name: str, code: Code) -> dict[str, Any]:
    fitted = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(code).items()}
    return {"code": name, **fitted}


def moments(values: Array) -> tuple[float, float]:
    """Mean and standard deviation in float64; the latter 1 where it is nothing but rounding.

    >>> moments(np.array([2.0, 4.0])), moments(np.array([0.1, 0.1]))
    ((3.0, 1.0), (0.1, 1.0))
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.mean(dtype=np.float64))
        std = float(values.std(dtype=np.float64))
    largest = float(np.abs(values).max())
    if not np.isfinite(std) and largest > 1:  # squares overflow; those of shares of the largest do not
        mean, std = (largest * part for part in moments(values / np.float64(largest)))
    rounding = 1e-12 * abs(mean)
    return mean, std if np.isfinite(std) and std > rounding else 1.0


def standardise(values: Array, mean: float, std: float, out: Array, *, farthest: float = FARTHEST) -> None:
    """Write ``(values - mean) / std``, no farther out than ``farthest``, to ``out`` (N,) float32."""
    with np.errstate(over="ignore"):  # an infinity is clipped like any other
        scaled = np.subtract(values, mean, dtype=np.float64)
        scaled /= std
    out[:] = np.clip(scaled, -farthest, farthest, out=scaled)  # copies once, into a strided column


def _part(dates: pl.Series, part: str) -> pl.Series:
    """(N,) float64: one part of each date."""
    if part == "day":
        return dates.cast(pl.Int64).cast(pl.Float64) / DAY
    read = {
        "year": dates.dt.year,
        "month": dates.dt.month,
        "weekday": dates.dt.weekday,
        "hour": dates.dt.hour,
    }
    return read[part]().cast(pl.Float64)
