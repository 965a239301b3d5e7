"""What each column of a table is: a number, a category, a date, or nothing that a net can use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

from gradwise.data import cells
from gradwise.data.target import flags

Role = Literal[
    "number", "category", "flag", "date", "identifier", "constant", "empty", "text", "list", "unused"
]
USED: tuple[Role, ...] = ("number", "category", "flag", "date")

TEXT_LENGTH = 30  # mean characters of free text: names and codes are shorter, sentences longer
TEXT_DISTINCT = 0.5  # share of distinct cells above which long words are free text, not categories
FEW_ROWS = 20  # below it, all cells may differ by chance
CODES = 1000  # distinct whole numbers up to which a column named like a code is a category
EXAMPLES = 3  # cells shown
_CODE_NAME = re.compile(
    r"(^|_|\b)(code|zip|zipcode|postal|postcode|type|category|cat|class|id)$", re.IGNORECASE
)
_ID_NAME = re.compile(
    r"^(id|index|idx|key|uuid|guid|row|rownum|row_?id|column_1)$|_(id|key|uuid|no|nr)$|[a-z]Id$|ID$"
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it was read.

    Args:
        name: in the file.
        role: what it is used as.
        rows: cells.
        missing: cells that hold nothing.
        distinct: different values; of columns with decimals an estimate (HyperLogLog, within a few percent).
        shown: its range, or examples.
        reason: why it is not used, or how it is read; "" where plain.
        style: of numbers written as text.
        form: of dates written as text.
    """

    name: str
    role: Role
    rows: int
    missing: int
    distinct: int
    shown: str = ""
    reason: str = ""
    style: cells.NumberStyle = "plain"
    form: str = ""

    @property
    def used(self) -> bool:
        """Whether a net sees it."""
        return self.role in USED

    def line(self, width: int = 0) -> str:
        """One line for the user; ``width`` pads the name.

        >>> Column("age", "number", 9, 2, 5, "18 … 64").line()
        'age  number, 5 distinct, 2 missing (22 %): 18 … 64'
        """
        parts = [self.role, f"{self.distinct:,} distinct"]
        if self.missing:
            parts.append(f"{self.missing:,} missing ({percent(self.missing, self.rows)})")
        line = f"{self.name:<{width}}  {', '.join(parts)}"
        line += f": {self.shown}" if self.shown else ""
        if self.reason:
            line += f"; {'' if self.used else 'left out, '}{self.reason}"
        return line


def percent(part: int, whole: int) -> str:
    """A share as it is told.

    >>> percent(1, 1000), percent(2, 3), percent(3, 3)
    ('0.1 %', '67 %', '100 %')
    """
    share = 100 * part / whole
    return f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"


def infer_column(series: pl.Series) -> Column:
    """The role of a column, from its cells and its name."""
    rows, missing = len(series), series.null_count()
    if missing == rows:
        return Column(series.name, "empty", rows, missing, 0, reason="every cell is missing")
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object):
        role: Role = "list" if isinstance(series.dtype, pl.List | pl.Array) else "unused"
        return Column(
            series.name, role, rows, missing, 0, reason=f"its cells are {_kind_of(series)}, not values"
        )
    if series.dtype == pl.Boolean:
        return _finish(series, "flag", missing, series.n_unique() - (missing > 0))
    if series.dtype.is_temporal():
        return _of_dates(series, missing)
    return _of_words(series) if cells.is_words(series) else _of_numbers(series, series)


def _of_numbers(series: pl.Series, raw: pl.Series, style: cells.NumberStyle = "plain") -> Column:
    """Column of numbers; ``raw`` holds the cells as they were read."""
    values = cells.numbers(series)
    missing = values.null_count()
    rows = len(values)
    if missing == rows:
        return Column(raw.name, "empty", rows, missing, 0, reason="no cell holds a finite number")
    whole = not series.dtype.is_float() or _whole(values)
    distinct = values.n_unique() if whole else int(values.approx_n_unique())  # type: ignore[arg-type]
    distinct -= missing > 0
    reason = _how_read(series, raw, style)
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    shown = f"{low:.6g} … {high:.6g}"
    made = Column(raw.name, "number", rows, missing, max(distinct, 1 + (low < high)), shown, reason, style)
    if low == high:
        return made if missing else _as(made, "constant", f"every cell is {low:g}")
    if distinct == 2 and low == 0 and high == 1:
        return _as(made, "flag", reason)
    if whole and distinct == rows >= FEW_ROWS and _counts_rows(raw.name, low, high, rows):
        return _as(made, "identifier", f"all {rows:,} whole numbers differ, so it names rows")
    if whole and distinct <= CODES and high > 1 and _CODE_NAME.search(raw.name):
        return _as(made, "category", "named like a code")
    return made


def _counts_rows(name: str, low: float, high: float, rows: int) -> bool:
    return bool(_ID_NAME.search(name)) or high - low + 1 == rows


def _whole(values: pl.Series) -> bool:
    """Whether all numbers are whole; most columns with decimals show it in their first cells."""
    start = values.head(cells.LOOK_AT).drop_nulls()
    if not (start == start.floor()).all():
        return False
    filled = values.drop_nulls()
    return bool((filled == filled.floor()).all())


def _how_read(series: pl.Series, raw: pl.Series, style: cells.NumberStyle) -> str:
    """What the user should know of how the numbers were read."""
    told = []
    if style != "plain":
        told.append("read with a decimal comma" if style == "comma" else "read with separators of thousands")
    if cells.is_words(raw):
        bad = cells.not_numbers(raw, style)
        if bad:
            first = f"row {bad[0] + 1}: {raw[bad[0]]!r}"
            told.append(f"{len(bad):,} cells are no numbers ({first}) and count as missing")
    if series.dtype.is_float():
        nan, infinite = int(series.is_nan().sum() or 0), int(series.is_infinite().sum() or 0)
        if nan or infinite:
            told.append(f"{nan:,} NaN and {infinite:,} infinite cells count as missing")
    return ", ".join(told)


def _of_words(series: pl.Series) -> Column:
    text = cells.words(series)
    missing, rows = text.null_count(), len(text)
    if missing == rows:
        return Column(series.name, "empty", rows, missing, 0, reason="every cell is missing")
    style = cells.number_style(text)
    if style is not None:
        read = cells.raw_numbers(text, style)
        return _of_numbers(read, text, style)
    form = cells.date_format(text)
    if form is not None:
        return _of_dates(text, missing, form)
    distinct = text.n_unique() - (missing > 0)
    if distinct == 1 and not missing:
        return Column(series.name, "constant", rows, 0, 1, reason=f"every cell is {text[0]!r}")
    if distinct <= 2 and flags(text.drop_nulls()) is not None:
        return _finish(text, "flag", missing, distinct)
    made = _finish(text, "category", missing, distinct)
    length = float(text.str.len_chars().mean())  # type: ignore[arg-type]
    if length > TEXT_LENGTH and distinct >= TEXT_DISTINCT * (rows - missing):
        hint = f"free text of {length:.0f} characters on average; --text {series.name} trains on it"
        return _as(made, "text", hint)
    if distinct == rows - missing >= FEW_ROWS:
        return _as(made, "identifier", f"all {distinct:,} words differ, so it names rows")
    return made


def _of_dates(series: pl.Series, missing: int, form: str = "") -> Column:
    if series.dtype in (pl.Time, pl.Duration):
        return Column(
            series.name, "unused", len(series), missing, 0, reason="times without a date are not read"
        )
    moments = cells.dates(series, form)
    missing = moments.null_count()
    distinct = moments.n_unique() - (missing > 0)
    low, high = (str(value)[:16].removesuffix(" 00:00") for value in (moments.min(), moments.max()))
    reason = ""
    if form.startswith(("%m/", "%d/")):
        reason = f"read as {'month/day' if form.startswith('%m') else 'day/month'}/year"
    made = Column(series.name, "date", len(series), missing, distinct, f"{low} … {high}", reason, form=form)
    return _as(made, "constant", f"every cell is {low}") if distinct == 1 and not missing else made


def _finish(series: pl.Series, role: Role, missing: int, distinct: int) -> Column:
    """A column with its most frequent cells as examples."""
    if distinct == 1 and not missing:
        only = cells.words(series)[0]
        return Column(series.name, "constant", len(series), 0, 1, reason=f"every cell is {only}")
    start = cells.words(series.head(10 * cells.LOOK_AT)).drop_nulls()
    top = start.value_counts(name="times").sort(["times", series.name or ""], descending=[True, False])
    named = [_short(word) for word in top.to_series(0).head(EXAMPLES).to_list()]
    shown = ", ".join(named) + (", ..." if distinct > EXAMPLES else "")
    return Column(series.name, role, len(series), missing, distinct, shown)


def _short(word: str) -> str:
    plain = " ".join(word.split())
    return plain if len(plain) <= 20 else plain[:19] + "…"


def _as(column: Column, role: Role, reason: str) -> Column:
    reason = f"{reason}, {column.reason}" if column.reason and column.reason != reason else reason
    return Column(
        column.name,
        role,
        column.rows,
        column.missing,
        column.distinct,
        column.shown,
        reason,
        column.style,
        column.form,
    )


def _kind_of(series: pl.Series) -> str:
    if isinstance(series.dtype, pl.List | pl.Array):
        return "lists"
    return "records" if isinstance(series.dtype, pl.Struct) else "bytes or objects"
