"""Cells of a table as numbers, words or dates, whatever way a file spells them."""

from __future__ import annotations

import re
from typing import Literal

import polars as pl

NumberStyle = Literal["plain", "comma", "thousands"]

MISSING_WORDS = (
    "",
    "?",
    "-",
    ".",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "missing",
    "#n/a",
)  # as exports write them
MOSTLY = 0.9  # share of filled cells that must read as numbers; a tenth of typing errors is no typing error
LOOK_AT = 1000  # cells that decide which spelling is tried; the rest is then read so
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
)
_TIME = re.compile(r"%H|%S")
_COMMA = r"^[+-]?\d+,\d+([eE][+-]?\d+)?$"
_THOUSANDS = r"^[+-]?\d{1,3}([,'\x{a0}\x{202f} ]\d{3})+(\.\d+)?$"


def is_words(series: pl.Series) -> bool:
    """Whether the cells are text."""
    return series.dtype == pl.String or isinstance(series.dtype, pl.Enum | pl.Categorical)


def words(series: pl.Series) -> pl.Series:
    """Cells as text, equal for equal values: 1 and 1.0 are ``"1"``, True is ``"true"``; blanks are null.

    >>> words(pl.Series([1.0, 2.5, None])).to_list()
    ['1', '2.5', None]
    """
    if series.dtype.is_float():
        text = series.fill_nan(None).cast(pl.String)
        return text.str.replace(r"\.0$", "")
    if not is_words(series):
        return series.cast(pl.String)
    text = series.cast(pl.String).str.strip_chars()
    return text.set(text == "", None) if (text == "").any() else text


def raw_numbers(series: pl.Series, style: NumberStyle = "plain") -> pl.Series:
    """Cells as floats, NaN and infinities among them; null where a cell is no number."""
    if is_words(series):
        text = series.cast(pl.String).str.strip_chars()
        if style == "comma":
            text = text.str.replace(",", ".", literal=True)
        elif style == "thousands":
            text = text.str.replace_all("[,' \u00a0\u202f]", "")
        return text.cast(pl.Float64, strict=False)
    return series if series.dtype.is_float() else series.cast(pl.Float64, strict=False)


def numbers(series: pl.Series, style: NumberStyle = "plain") -> pl.Series:
    """Cells as float64, or the float type they have; null where a cell is no finite number.

    >>> numbers(pl.Series(["1234,5", "x"]), "comma").to_list()
    [1234.5, None]
    """
    values = raw_numbers(series, style)
    finite = values.is_finite()
    if finite.all():
        return values
    return values.set(~finite.fill_null(value=False), None)


def number_style(series: pl.Series) -> NumberStyle | None:
    """How a column of text spells numbers, or None where it does not, for 90 % of its filled cells.

    >>> number_style(pl.Series(["5,1", "3,25", "?"])), number_style(pl.Series(["1,000", "12,345,678"]))
    ('comma', 'thousands')
    """
    text = filled(series)
    start = text.head(LOOK_AT)
    if not len(start):
        return None
    # Plain first: it is the usual one, and a column of both kinds is better read as plain with gaps.
    for style, pattern in (("plain", ""), ("thousands", _THOUSANDS), ("comma", _COMMA)):
        read = start.str.contains(pattern) if pattern else start.cast(pl.Float64, strict=False).is_not_null()
        some_plain = read if not pattern else read | start.str.contains(r"^[+-]?\d{1,3}$")
        if not (read.any() and some_plain.mean() >= MOSTLY):  # type: ignore[operator]
            continue
        if raw_numbers(text, style).is_not_null().mean() >= MOSTLY:  # type: ignore[operator, arg-type]
            return style  # type: ignore[return-value]
    return None


def filled(series: pl.Series) -> pl.Series:
    """The cells of a text column that say something, stripped: no blanks, no ``?``, no ``n/a``."""
    text = series.cast(pl.String).str.strip_chars().drop_nulls()
    return text.filter(~text.str.to_lowercase().is_in(MISSING_WORDS))


def not_numbers(series: pl.Series, style: NumberStyle) -> list[int]:
    """Positions of cells that are neither a number nor a word for missing; empty for columns of numbers."""
    if not is_words(series):
        return []
    text = series.cast(pl.String).str.strip_chars()
    said = text.is_not_null() & ~text.str.to_lowercase().is_in(MISSING_WORDS)
    bad = said & text.str.to_lowercase().is_in(["inf", "-inf", "+inf", "infinity", "-infinity"]).not_()
    return (bad & numbers(text, style).is_null()).fill_null(value=False).arg_true().to_list()


def date_format(series: pl.Series) -> str | None:
    """The first format in which every filled cell of a text column is a date, or None.

    >>> date_format(pl.Series(["24.12.2020", "01.02.2021"]))
    '%d.%m.%Y'
    """
    text = filled(series)
    start = text.head(LOOK_AT)
    if not len(start) or not start.str.contains(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}").all():
        return None
    for form in DATE_FORMATS:
        if dates(start, form).null_count() == 0 and dates(text, form).null_count() == 0:
            return form
    return None


def dates(series: pl.Series, form: str) -> pl.Series:
    """Cells as datetimes (UTC where a zone is given, microseconds); null where a cell is no date."""
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us"))
    if isinstance(series.dtype, pl.Datetime):
        return (
            series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            if series.dtype.time_zone
            else series
        )
    if not is_words(series):
        return pl.Series(series.name, [None] * len(series), dtype=pl.Datetime("us"))
    text = series.cast(pl.String).str.strip_chars()
    if not _TIME.search(form):
        return text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    read = text.str.to_datetime(form, strict=False, time_unit="us")
    return dates(read, form) if form.endswith("z") else read
