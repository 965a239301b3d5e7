"""Series in long tables and in columns of lists: gathered, sorted, standardised, padded."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from gradwise.data.images import ImageSource
from gradwise.data.series import SeriesSource, encoder_from, series_from_frame
from gradwise.data.series_encoder import filled
from gradwise.errors import UsageError

DIGITS, LABELS = load_digits(return_X_y=True)


def long_table(count: int = 20) -> pl.DataFrame:
    """Rows of digits as series: 8 moments of 8 numbers each, the first 4 + row % 5 of them."""
    parts = []
    for row in range(count):
        values = DIGITS[row].reshape(8, 8)[: 4 + row % 5]
        told = {
            "id": [f"s{row}"] * len(values),
            "t": np.arange(len(values)),
            "digit": [str(LABELS[row])] * len(values),
        }
        parts.append(pl.DataFrame(told | {f"f{i}": values[:, i] for i in range(8)}))
    return pl.concat(parts)


def sorted_values(row: int) -> np.ndarray:
    return DIGITS[row].reshape(8, 8)[: 4 + row % 5]


def test_a_long_table() -> None:
    source = series_from_frame(long_table(), ["digit"], series_id="id", time="t")
    assert (source.kind, len(source)) == ("series", 20)
    assert source.features == tuple(f"f{i}" for i in range(8))
    assert source.lengths.tolist() == [4 + row % 5 for row in range(20)]
    assert source.choices[0].name == "task"
    assert not any(choice.name in ("time", "repeated-times") for choice in source.choices)
    encoder = source.encoder(np.arange(10))
    assert encoder.task.classes == tuple("0123456789")
    assert encoder.shape() == {"features": 8, "length": 8}
    examples = encoder.transform(source, np.array([12, 3]))
    assert examples.inputs["lengths"].tolist() == [6, 7]
    assert examples.target.tolist() == [LABELS[12], LABELS[3]]
    training = np.concatenate([sorted_values(row) for row in range(10)])
    scale = np.where(training.std(0) > 0, training.std(0), np.inf)
    expected = (sorted_values(12) - training.mean(0)) / scale
    np.testing.assert_allclose(examples.inputs["series"][0, :6], expected, rtol=1e-4, atol=1e-5)
    assert examples.inputs["series"].shape == (2, 8, 8)
    assert not examples.inputs["series"][0, 6:].any()
    assert examples.inputs["series"].dtype == np.float32


def test_order_of_rows_does_not_matter_and_is_told() -> None:
    table = long_table()
    plain = series_from_frame(table, ["digit"], series_id="id", time="t")
    first = table.unique("id", keep="first", maintain_order=True)
    mixed = pl.concat(
        [first, table.join(first, on=["id", "t"], how="anti").sample(fraction=1, shuffle=True, seed=1)]
    )
    source = series_from_frame(mixed, ["digit"], series_id="id", time="t")
    assert source.fingerprint() == plain.fingerprint()
    backwards = series_from_frame(table.reverse(), ["digit"], series_id="id", time="t")
    assert backwards.names == tuple(reversed(plain.names))
    np.testing.assert_array_equal(backwards.values[-4:], plain.values[:4])
    told = {choice.name: choice for choice in backwards.choices}
    assert told["time"].value == "sorted by t"
    assert "20 series" in told["time"].reason


def test_repeated_times_are_told() -> None:
    table = pl.DataFrame(
        {"id": [1, 1, 1, 2], "t": [0, 1, 1, 0], "v": [1.0, 2.0, 3.0, 4.0], "y": ["a"] * 3 + ["b"]}
    )
    source = series_from_frame(table, ["y"], series_id="id", time="t")
    assert source.values.ravel().tolist() == [1, 2, 3, 4]
    told = {choice.name: choice for choice in source.choices}
    assert told["repeated-times"].reason == "1 rows repeat a time of their series, e.g. series 1 at 1"


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-03", "2024-01-01", "2024-01-02"],
        ["03.01.2024", "01.01.2024", "02.01.2024"],
        ["30", "4", "20"],
        [dt.date(2024, 1, 3), dt.date(2024, 1, 1), dt.date(2024, 1, 2)],
        [
            dt.datetime(2024, 1, 3, 1, tzinfo=dt.UTC),
            dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC),
            dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC),
        ],
        [dt.time(3), dt.time(1), dt.time(2)],
        [3.5, -1.0, 2.0],
    ],
)
def test_times_of_any_form_are_sorted(times: list[Any]) -> None:
    table = pl.DataFrame({"id": ["a"] * 3, "t": times, "v": [3.0, 1.0, 2.0]})
    assert series_from_frame(table, [], series_id="id", time="t").values.ravel().tolist() == [1, 2, 3]


def test_without_time_the_rows_keep_their_order() -> None:
    table = pl.DataFrame({"id": ["a", "b", "a"], "v": [3.0, 1.0, 2.0]})
    source = series_from_frame(table, [], series_id="id")
    assert source.values.ravel().tolist() == [3, 2, 1]
    assert source.choices[0].value == "order of the rows"


def test_columns_that_hold_no_numbers_are_left_out_and_told() -> None:
    table = long_table(4).with_columns(note=pl.lit("x"), text_number=pl.lit("1,5"), flag=pl.lit(value=True))
    source = series_from_frame(table, ["digit"], series_id="id", time="t")
    assert source.features[-2:] == ("text_number", "flag")
    assert source.values[0, -2:].tolist() == [1.5, 1.0]
    assert any(choice.name == "left-out" and choice.value == "note" for choice in source.choices)


def test_gaps_are_filled_forwards_within_a_series() -> None:
    table = pl.DataFrame(
        {"id": [0, 0, 0, 1, 1], "v": [1.0, None, 5.0, None, 3.0], "y": ["a", "a", "a", "b", "b"]}
    )
    source = series_from_frame(table, ["y"], series_id="id")
    encoder = source.encoder(np.arange(2))
    assert (encoder.shift, encoder.scale) == ((3.0,), pytest.approx((np.std([1, 5, 3]),)))
    series = encoder.transform(source).inputs["series"][..., 0]
    low = (1 - 3) / np.std([1, 5, 3])
    np.testing.assert_allclose(series, [[low, low, -low], [0, 0, 0]], rtol=1e-6)
    assert any(choice.name == "missing" and "40.00%" in choice.reason for choice in encoder.choices)
    assert any("2 values (40.00%) are missing" in line for line in source.describe())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), st.floats(-9, 9)), min_size=1, max_size=6), min_size=1, max_size=6)
)
def test_filling_equals_doing_it_one_by_one(rows: list[list[float | None]]) -> None:
    expected = []
    for row in rows:
        last = 0.0
        for value in row:
            last = last if value is None else value
            expected.append(last)
    flat = np.array([np.nan if value is None else value for row in rows for value in row])[:, None]
    np.testing.assert_array_equal(filled(flat, np.array([len(row) for row in rows])).ravel(), expected)


def test_longer_series_at_prediction_keep_their_length() -> None:
    source = series_from_frame(long_table(), ["digit"], series_id="id", time="t")
    encoder = source.encoder(np.array([0, 5]))  # of 4 moments each
    assert encoder.shape()["length"] == 4
    assert encoder.transform(source, np.array([4])).inputs["series"].shape == (1, 8, 8)
    assert encoder.transform(source, np.array([0])).inputs["series"].shape == (1, 4, 8)


def test_features_are_found_by_name_at_prediction() -> None:
    table = long_table()
    source = series_from_frame(table, ["digit"], series_id="id", time="t")
    encoder = source.encoder(np.arange(20))
    turned = table.select(
        "t", *(f"f{i}" for i in reversed(range(8))), "id", pl.col("digit").cast(pl.Int64).alias("extra")
    )
    new = series_from_frame(turned, [], series_id="id", time="t")
    examples = encoder.transform(new)
    np.testing.assert_array_equal(examples.inputs["series"], encoder.transform(source).inputs["series"])
    assert examples.target is None
    with pytest.raises(UsageError, match="the series lack 'f3', on which the net was trained"):
        encoder.transform(series_from_frame(table.drop("f3"), ["digit"], series_id="id", time="t"))
    with pytest.raises(UsageError, match="trained on series, but the data is a images"):
        encoder.transform(ImageSource(np.zeros((1, 1, 2, 2), np.uint8), None))


def test_state_goes_through_json() -> None:
    encoder = series_from_frame(long_table(), ["digit"], series_id="id", time="t").encoder(np.arange(20))
    assert encoder_from(json.loads(json.dumps(encoder.state()))) == encoder


@pytest.mark.parametrize(
    "cells",
    [
        [[1.0, 2.0, 3.5], [4.0], [5.0, 6.0]],
        ["1 2 3.5", "4", "5 6"],
        ["[1, 2, 3.5]", "[4]", "[5,6]"],
        ["1;2;3.5", " 4 ", "5\t6"],
        [["1", "2", "3.5"], ["4"], ["5", "6"]],
    ],
)
def test_a_column_of_lists(cells: list[Any]) -> None:
    frame = pl.DataFrame({"wave": cells, "y": [0, 1, 0], "note": ["a", "b", "c"]})
    source = series_from_frame(frame, ["y"], column="wave")
    assert source.lengths.tolist() == [3, 1, 2]
    assert source.values.ravel().tolist() == [1, 2, 3.5, 4, 5, 6]
    assert source.strata().tolist() == [0, 1, 0]


def test_lists_with_gaps_and_rows_without_a_target() -> None:
    frame = pl.DataFrame({"wave": ["1 ? 3", "4 nan", "5 6"], "y": ["a", None, "b"]})
    source = series_from_frame(frame, ["y"], column="wave")
    np.testing.assert_array_equal(source.values.ravel(), [1, np.nan, 3, 5, 6])
    assert source.names == ("row 1", "row 3")
    long = pl.DataFrame({"id": [1, 1, 2, 3], "v": [1.0, 2.0, 3.0, 4.0], "y": ["a", "a", None, "b"]})
    source = series_from_frame(long, ["y"], series_id="id")
    assert source.lengths.tolist() == [2, 1]
    assert source.values.ravel().tolist() == [1, 2, 4]
    arrays = pl.DataFrame({"wave": np.arange(6.0).reshape(3, 2)})
    assert series_from_frame(arrays, [], column="wave").lengths.tolist() == [2, 2, 2]


def test_numbers_as_targets() -> None:
    table = long_table().with_columns(weight=pl.col("id").str.slice(1).cast(pl.Float64) * 1.5)
    source = series_from_frame(table, ["weight"], series_id="id", time="t")
    assert source.strata() is None
    assert "weight" not in source.features
    encoder = source.encoder(np.arange(10))
    assert encoder.task.shift == pytest.approx((4.5 * 1.5,))


TABLE = pl.DataFrame(
    {
        "id": [1, 1, 2, 2],
        "t": [0, 1, 0, 1],
        "v": [1.0, 2.0, 3.0, 4.0],
        "y": ["a", "a", "b", "b"],
        "z": ["a", "b", "b", "b"],
    }
)


@pytest.mark.parametrize(
    ("change", "targets", "options", "words"),
    [
        ({}, ["z"], {"series_id": "id"}, "target 'z' changes within 1 of 2 series .1."),
        ({}, ["y"], {}, "series take either --id"),
        ({}, ["y"], {"series_id": "id", "column": "v"}, "give one of them"),
        ({}, ["y"], {"series_id": "di"}, r"--id names 'di', but there is no such column.*id, t, v, y, z"),
        ({}, ["y"], {"series_id": "id", "time": "tt"}, "--time names 'tt'"),
        ({}, ["q"], {"series_id": "id"}, "--target names 'q'"),
        ({}, ["y"], {"series_id": "id", "time": "id"}, "both --id and --time"),
        ({}, ["id"], {"series_id": "id"}, "both --id and a target"),
        ({"id": [1, None, 2, 2]}, ["y"], {"series_id": "id"}, r"column 'id' is empty in 1 rows \(2\)"),
        (
            {"t": [1, 1, None, 2]},
            ["y"],
            {"series_id": "id", "time": "t"},
            r"column 't' is empty in 1 rows \(3\)",
        ),
        ({"t": [1, 1, float("nan"), 2]}, ["y"], {"series_id": "id", "time": "t"}, "holds lists or NaN"),
        (
            {"t": ["1", "2", "soon", "4"]},
            ["y"],
            {"series_id": "id", "time": "t"},
            "row 3 of time column 't' holds 'soon'",
        ),
        ({"v": ["a", "b", "c", "d"]}, ["y"], {"series_id": "id", "time": "t"}, "no column of numbers"),
        (
            {"v": [1.0, float("inf"), 2.0, 3.0]},
            ["y"],
            {"series_id": "id"},
            "row 2 of column 'v' holds an infinite",
        ),
        ({"y": ["a"] * 4}, ["y"], {"series_id": "id", "time": "t"}, "holds only 'a'"),
        ({"y": [None] * 4}, ["y"], {"series_id": "id"}, "empty in all 2 rows"),
        (
            {"v": [5.0] * 4, "t": [5] * 4},
            ["y"],
            {"series_id": "id"},
            "all values of the 2 training series are the same",
        ),
        ({"v": [None] * 4, "t": [None] * 4}, ["y"], {"series_id": "id"}, "no value|no column of numbers"),
        ({}, [], {"series_id": "id", "time": "t"}, "no target is known"),
        ({}, ["y"], {"column": "w"}, "no column 'w' of series"),
        ({"v": ["1 2", "x 3", "4", "5"]}, ["y"], {"column": "v"}, "row 2 of column 'v' holds 'x'"),
        ({"v": ["1 2", "", "4", None]}, ["y"], {"column": "v"}, r"holds no series in 2 rows \(2, 4\)"),
        ({"v": [[1.0], [], [2.0], [1.0]]}, ["y"], {"column": "v"}, r"holds no series in 1 rows \(2\)"),
        ({"v": [[1.0], [float("inf")], [2.0], [1.0]]}, ["y"], {"column": "v"}, "row 2 .* holds inf"),
        ({"v": ["1 2", "1e999", "4", "5"]}, ["y"], {"column": "v"}, "row 2 .* '1e999', which is no finite"),
        ({}, ["y"], {"column": "v"}, "holds Float64 cells; expected lists"),
        ({"v": [[[1.0]], [[2.0]], [[2.0]], [[1.0]]]}, ["y"], {"column": "v"}, "expected lists of numbers"),
    ],
)
def test_bad_tables_are_told_in_one_sentence(
    change: dict[str, list[Any]], targets: list[str], options: dict[str, str], words: str
) -> None:
    frame = TABLE.with_columns(**{name: pl.Series(values, strict=False) for name, values in change.items()})
    with pytest.raises(UsageError, match=words):
        source = series_from_frame(frame, targets, **options)
        source.encoder(np.arange(len(source)))


def test_a_table_without_rows() -> None:
    with pytest.raises(UsageError, match="no rows"):
        series_from_frame(TABLE.clear(), ["y"], series_id="id")


def test_a_block_of_series() -> None:
    source = SeriesSource.of_block(DIGITS[:6].reshape(6, 8, 8), None)
    assert source.describe()[0].startswith("6 series of 8 moments, features: feature 1, feature 2")
    np.testing.assert_array_equal(source.values.reshape(6, 64), DIGITS[:6])
