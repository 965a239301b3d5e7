"""What each column is taken for."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from gradwise.data import cells
from gradwise.data.columns import infer_column

COLUMNS = [
    ("size", [1.5, 2.5, 3.25] * 10, "number", ""),
    ("age", list(range(18, 48)), "identifier", "names rows"),
    ("age", [*range(18, 47), 90], "number", ""),
    ("size", [*range(10)], "number", ""),
    ("rooms", [1, 2, 3] * 10, "number", ""),
    ("zip", [10115, 20095, 80331] * 10, "category", "named like a code"),
    ("user_id", [7 * i for i in range(30)], "identifier", "names rows"),
    ("user_id", [7, 8, 9] * 10, "category", "named like a code"),
    ("sold", [0, 1] * 15, "flag", ""),
    ("sold", [0.0, 1.0] * 15, "flag", ""),
    ("sold", [True, False, None], "flag", ""),
    ("sold", ["yes", "NO", None] * 5, "flag", ""),
    ("town", ["Ulm", "Bonn", "Kiel"] * 5, "category", ""),
    ("ticket", [f"A/{i}" for i in range(30)], "identifier", "names rows"),
    ("ticket", [f"A/{i}" for i in range(10)], "category", ""),
    ("review", [f"I have seen this film {i} times and liked it" for i in range(9)], "text", "--text review"),
    ("size", ["1,5", "2,25", "3"] * 5, "number", "decimal comma"),
    ("size", ["1,500", "2,250,000", "3"] * 5, "number", "separators of thousands"),
    ("size", ["1 500", "2 250 000", "3"] * 5, "number", "separators of thousands"),
    ("size", [" 1.5", "2.5 ", "?", "n/a"] * 5, "number", ""),
    ("size", ["1", "2", "3"] * 10 + ["abc"], "number", "1 cells are no numbers (row 31: 'abc')"),
    ("size", ["1", "2", "abc"] * 10, "category", ""),
    ("size", [1.5, float("nan"), float("inf"), 2.5], "number", "1 NaN and 1 infinite cells count as missing"),
    ("size", ["nan", "inf", "3", "4", "5.5"], "number", "1 NaN and 1 infinite"),
    ("day", ["2024-01-31", "2024-02-01"], "date", ""),
    ("day", ["31.12.2023", None, "01.01.2024"], "date", ""),
    ("day", ["12/31/2023", "1/2/2024"], "date", "month/day"),
    ("day", ["31/12/2023", "1/2/2024"], "date", "day/month"),
    ("day", ["2024-01-31T10:00:00Z", "2024-01-31T10:00:00+02:00"], "date", ""),
    ("day", [dt.date(2024, 1, 1), dt.date(2024, 1, 2)], "date", ""),
    ("day", pl.Series([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]).cast(pl.Datetime), "date", ""),
    ("day", ["2024-01-31", "soon"], "category", ""),
    ("day", [dt.date(2024, 1, 1)] * 3, "constant", "every cell is 2024-01-01"),
    ("wait", [dt.timedelta(1), dt.timedelta(2)], "unused", "times without a date"),
    ("k", [3, 3, 3], "constant", "every cell is 3"),
    ("k", ["x", "x"], "constant", "every cell is 'x'"),
    ("k", [True, True], "constant", "every cell is true"),
    ("k", [3, None, 3], "number", ""),
    ("k", [None, None], "empty", "every cell is missing"),
    ("k", ["", " "], "empty", "every cell is missing"),
    ("k", [float("nan")] * 2, "empty", "no cell holds a finite number"),
    ("huge", [2**70, 1, 5], "number", ""),
    ("curve", [[1.0], [2.0, 3.0]], "list", "lists"),
    ("point", [{"x": 1}, {"x": 2}], "unused", "records"),
    ("raw", [b"a", b"b"], "unused", "bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "role", "reason"), COLUMNS)
def test_roles(name: str, values: list[object], role: str, reason: str) -> None:
    dtype = pl.Int128 if name == "huge" else None
    column = infer_column(pl.Series(name, values, dtype=dtype))
    assert column.role == role
    assert reason in column.reason if reason else column.reason == ""
    assert column.rows == len(values)
    assert column.used == (role in ("number", "category", "flag", "date"))


def test_counts_and_range() -> None:
    column = infer_column(pl.Series("size", [2.5, None, 7.0, 2.5]))
    assert (column.missing, column.distinct, column.shown) == (1, 2, "2.5 … 7")
    assert column.line() == "size  number, 2 distinct, 1 missing (25 %): 2.5 … 7"


def test_examples_are_the_most_frequent_cells() -> None:
    column = infer_column(pl.Series("town", ["Ulm"] * 3 + ["Bonn"] * 5 + ["Kiel", "Jena", "Trier"]))
    assert column.shown.startswith("Bonn, Ulm, ") and column.shown.endswith(", ...")


def test_many_distinct_decimals_are_estimated_within_five_percent() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    assert infer_column(pl.Series("x", values)).distinct == pytest.approx(20_000, rel=0.05)


def test_equal_values_are_equal_words_whatever_their_type() -> None:
    for values in ([1, 0], [1.0, 0.0], ["1", " 0 "]):
        assert cells.words(pl.Series(values)).to_list() == ["1", "0"]
    assert cells.words(pl.Series([True])).to_list() == cells.words(pl.Series(["true"])).to_list()


def test_a_zone_is_turned_into_utc() -> None:
    read = cells.dates(pl.Series(["2024-01-31T10:00:00+02:00"]), "%Y-%m-%dT%H:%M:%S%.f%#z")
    assert read.dt.to_string().to_list() == ["2024-01-31 08:00:00.000000"]


@pytest.mark.parametrize("style", ["plain", "comma", "thousands"])
def test_number_styles_read_what_they_recognise(style: cells.NumberStyle) -> None:
    text = {"plain": ["1.5", "-2e3"], "comma": ["1,5", "-2000,0"], "thousands": ["1,500", "-2,000"]}[style]
    want = {"plain": [1.5, -2000], "comma": [1.5, -2000], "thousands": [1500, -2000]}[style]
    assert cells.number_style(pl.Series(text)) == style
    assert cells.numbers(pl.Series(text), style).to_list() == want
