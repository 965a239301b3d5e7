"""Fitted preprocessing of tables: from training rows only, exact after saving, tolerant where it should be."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradwise.data.opening import encoder_from, open_source
from gradwise.data.splitting import split
from gradwise.data.tables import TableSource, table_from_frame
from tests.data.tabular import SETS, real_frame


def everything(source: TableSource) -> np.ndarray:
    return np.arange(len(source))


@pytest.mark.parametrize("end", ["csv", "parquet"])
@pytest.mark.parametrize("name", SETS)
def test_real_sets_become_what_numpy_says(name: str, end: str, tmp_path: Path) -> None:
    frame = real_frame(name)
    path = tmp_path / f"{name}.{end}"
    frame.write_csv(path) if end == "csv" else frame.write_parquet(path)
    source = open_source(path, target="target")
    rows = split(source, seed=1)
    encoder = source.encoder(rows.train)
    values = frame.drop("target").to_numpy()
    train = values[rows.train]
    flag = [set(np.unique(column)) == {0.0, 1.0} for column in values.T]
    assert not any(flag)
    want = (values - train.mean(0)) / train.std(0)
    got = encoder.transform(source, rows.valid)
    np.testing.assert_allclose(got.inputs["numbers"], want[rows.valid].clip(-10, 10), atol=2e-5)
    assert got.inputs["numbers"].dtype == np.float32 and got.inputs["categories"].shape == (
        len(rows.valid),
        0,
    )
    assert encoder.shape() == {"numbers": values.shape[1], "categories": ()}
    assert encoder.task.kind == SETS[name][2] and len(got) == len(rows.valid)
    answer = frame["target"].to_numpy()
    if encoder.task.kind == "classes":
        np.testing.assert_array_equal(got.target, answer[rows.valid])
        assert encoder.task.classes == tuple(str(i) for i in range(len(encoder.task.classes)))
    else:
        shift, scale = answer[rows.train].mean(), answer[rows.train].std()
        assert (encoder.task.shift, encoder.task.scale) == ((pytest.approx(shift),), (pytest.approx(scale),))
        np.testing.assert_allclose(got.target[:, 0], (answer[rows.valid] - shift) / scale, atol=1e-5)


def mixed(rows: int = 60) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "size": rng.normal(5, 2, rows),
            "age": [None if i % 9 == 0 else int(i % 13) for i in range(rows)],
            "town": ["Ulm" if i % 3 else ("Bonn" if i % 2 else None) for i in range(rows)],
            "rare": ["common", "usual"][0:1] * (rows - 2) + ["once", "twice"],
            "day": [dt.date(2024, 1, 1) + dt.timedelta(3 * i) for i in range(rows)],
            "new": [None if i == 5 else bool(i % 2) for i in range(rows)],
            "price": [f"{i},{i % 10}" for i in range(rows)],
            "y": ["up" if i % 4 else "down" for i in range(rows)],
        }
    )


def test_only_training_rows_are_looked_at() -> None:
    frame = mixed()
    spoiled = frame.with_columns(
        pl.when(pl.int_range(pl.len()) >= 40).then(1e6).otherwise(pl.col("size")).alias("size"),
        pl.when(pl.int_range(pl.len()) >= 40).then(pl.lit("Mars")).otherwise(pl.col("town")).alias("town"),
    )
    rows = np.arange(40)
    clean, other = (table_from_frame(f, "y").encoder(rows).state() for f in (frame, spoiled))
    assert clean["numbers"] == other["numbers"]
    assert clean["categories"][0] == other["categories"][0]


def test_state_is_exact_json(tmp_path: Path) -> None:
    mixed().write_csv(tmp_path / "a.csv")
    source = open_source(tmp_path / "a.csv", target="y")
    encoder = source.encoder(np.arange(45))
    text = json.dumps(encoder.state(), allow_nan=False)
    again = encoder_from(json.loads(text))
    assert again == encoder and json.dumps(again.state()) == text
    for name, array in encoder.transform(source).inputs.items():
        np.testing.assert_array_equal(again.transform(source).inputs[name], array)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=4, max_size=20))
@example([0.0, 8.9e307, 8.99e307, 8.99e307])  # the middle two add up to more than a float holds
def test_any_finite_column_survives(values: list[float]) -> None:
    frame = pl.DataFrame(
        {"x": values, "z": range(len(values)), "y": [0, 1] * (len(values) // 2) + [0] * (len(values) % 2)}
    )
    source = table_from_frame(frame.with_columns(z=pl.col("z") ** 2), "y")
    encoder = source.encoder(everything(source))
    out = encoder.transform(source).inputs["numbers"]
    assert np.isfinite(out).all() and np.abs(out).max() <= 10
    assert encoder_from(json.loads(json.dumps(encoder.state(), allow_nan=False))) == encoder


def test_gaps_become_the_median_and_are_marked() -> None:
    frame = pl.DataFrame({"x": [1.0, None, 3.0, 100.0, float("inf"), float("nan")], "y": [0, 1] * 3})
    source = table_from_frame(frame, "y")
    encoder = source.encoder(everything(source))
    out = encoder.transform(source).inputs["numbers"]
    held = np.array([1.0, 3.0, 100.0])
    want = (3.0 - held.mean()) / held.std()
    np.testing.assert_allclose(out[[1, 4, 5], 0], want, rtol=1e-6)
    np.testing.assert_array_equal(out[:, 1], [0, 1, 0, 0, 1, 1])
    (choice,) = [choice for choice in encoder.choices if choice.name == "missing"]
    assert "x" in choice.reason and "mark" in choice.value


def test_outliers_end_at_ten_deviations() -> None:
    source = table_from_frame(pl.DataFrame({"x": [0.0, 1.0, 0.0, 1.5], "y": [0, 1, 0, 1]}), "y")
    encoder = source.encoder(everything(source))
    far = table_from_frame(pl.DataFrame({"x": [1e30, -1e30]}), None)
    np.testing.assert_array_equal(encoder.transform(far).inputs["numbers"][:, 0], [10, -10])


def test_categories_have_ids_by_frequency_and_zero_for_the_rest() -> None:
    town = ["Ulm"] * 5 + ["Bonn"] * 4 + ["Kiel"] * 3 + ["Jena"] * 2 + ["Trier"]
    source = table_from_frame(pl.DataFrame({"town": town, "y": [0, 1] * 7 + [0]}), "y")
    encoder = source.encoder(everything(source))
    assert encoder.shape() == {"numbers": 0, "categories": (4,)}
    ids = encoder.transform(source).inputs["categories"]
    assert ids.dtype == np.int64 and ids[:, 0].tolist() == [1] * 5 + [2] * 4 + [3] * 3 + [0] * 3
    new = table_from_frame(pl.DataFrame({"town": ["Bonn", "Mars", None, "Jena", " Ulm "]}), None)
    assert encoder.transform(new).inputs["categories"][:, 0].tolist() == [2, 0, 0, 0, 1]
    assert any(choice.name == "rare-categories" and "town 2" in choice.reason for choice in encoder.choices)


def test_a_gap_is_a_category_of_its_own_where_training_had_some() -> None:
    source = table_from_frame(pl.DataFrame({"town": ["Ulm", None] * 5 + ["Bonn"] * 4, "y": [0, 1] * 7}), "y")
    encoder = source.encoder(everything(source))
    new = table_from_frame(pl.DataFrame({"town": [None, "Mars"]}, schema={"town": pl.String}), None)
    gap, unknown = encoder.transform(new).inputs["categories"][:, 0]
    assert gap > 0 and unknown == 0


def test_codes_read_as_numbers_meet_the_words_of_training() -> None:
    trained = table_from_frame(pl.DataFrame({"grade": ["1", "2", "A"] * 5, "y": [0, 1, 0] * 5}), "y")
    encoder = trained.encoder(everything(trained))
    want = encoder.transform(trained).inputs["categories"][:2, 0]
    for cells in ([1, 2], [1.0, 2.0], ["1", "2"]):
        new = table_from_frame(pl.DataFrame({"grade": cells}), None)
        np.testing.assert_array_equal(encoder.transform(new).inputs["categories"][:, 0], want)


def test_flags_are_zero_and_one_and_gaps_are_the_usual() -> None:
    frame = pl.DataFrame({"new": ["yes", "No", None, "yes"], "y": [0, 1, 0, 1]})
    source = table_from_frame(frame, "y")
    encoder = source.encoder(everything(source))
    np.testing.assert_array_equal(
        encoder.transform(source).inputs["numbers"], [[1, 0], [0, 0], [1, 1], [1, 0]]
    )
    for cells in ([True, False], [1, 0], ["TRUE", "f"]):
        new = table_from_frame(pl.DataFrame({"new": cells}), None)
        np.testing.assert_array_equal(encoder.transform(new).inputs["numbers"][:, 0], [1, 0])


def test_dates_become_the_parts_that_vary() -> None:
    frame = pl.DataFrame(
        {"day": ["2024-01-01 08:00:00", "2024-03-05 08:00:00", "2024-07-09 08:00:00"] * 3, "y": [0, 1, 0] * 3}
    )
    source = table_from_frame(frame, "y")
    encoder = source.encoder(everything(source))
    (code,) = encoder.state()["numbers"]
    assert code["parts"] == ["day", "month", "weekday"]  # one year, one hour
    month = encoder.transform(source).inputs["numbers"][:, 1]
    want = np.array([1, 3, 7] * 3)
    np.testing.assert_allclose(month, (want - want.mean()) / want.std(), rtol=1e-5)
    real = table_from_frame(frame.with_columns(pl.col("day").str.to_datetime()), None)
    np.testing.assert_array_equal(
        encoder.transform(real).inputs["numbers"], encoder.transform(source).inputs["numbers"]
    )


def test_the_time_column_shows_seasons_but_not_the_calendar() -> None:
    days = [dt.date(2020, 1, 1) + dt.timedelta(11 * i) for i in range(99)]
    frame = pl.DataFrame({"day": days, "x": np.arange(99.0) % 7, "y": [0, 1, 0] * 33})
    source = table_from_frame(frame, "y", time="day")
    assert (np.diff(source.moments) == 11 * 86_400 * 10**6).all()
    code = source.encoder(everything(source)).state()["numbers"][0]
    assert code["name"] == "day" and code["parts"] == ["month", "weekday"]


def test_decimal_commas_are_read_again_at_prediction() -> None:
    source = table_from_frame(pl.DataFrame({"x": ["1,5", "2,5", "3,5", "9,75"], "y": [0, 1, 0, 1]}), "y")
    encoder = source.encoder(everything(source))
    new = table_from_frame(pl.DataFrame({"x": ["2,5", "", "2.5"]}), None)
    out = encoder.transform(new).inputs["numbers"][:, 0]
    assert out[0] == out[2] == encoder.transform(source).inputs["numbers"][1, 0]


def test_order_of_columns_and_extra_ones_do_not_matter(tmp_path: Path) -> None:
    frame = mixed()
    source = table_from_frame(frame, "y")
    encoder = source.encoder(everything(source))
    other = frame.select(reversed(frame.columns)).with_columns(extra=pl.lit("x"))
    for name, array in encoder.transform(table_from_frame(other, None)).inputs.items():
        np.testing.assert_array_equal(array, encoder.transform(source).inputs[name])


def test_without_a_target_there_is_none_and_with_it_it_is_encoded() -> None:
    frame = mixed()
    source = table_from_frame(frame, "y")
    encoder = source.encoder(everything(source))
    assert encoder.transform(table_from_frame(frame, None)).target is None
    one = encoder.transform(table_from_frame(frame.head(1), "y", task="classes"))
    assert one.target.tolist() == [encoder.task.classes.index("down")]


def test_rows_are_given_in_the_order_asked_for() -> None:
    source = table_from_frame(mixed(), "y")
    encoder = source.encoder(everything(source))
    rows = np.array([7, 3, 3, 59])
    whole, some = encoder.transform(source), encoder.transform(source, rows)
    for name, array in some.inputs.items():
        np.testing.assert_array_equal(array, whole.inputs[name][rows])
    np.testing.assert_array_equal(some.target, whole.target[rows])


def test_labels_and_several_numbers() -> None:
    frame = pl.DataFrame(
        {"x": [1.0, 2.0, 4.0], "a": [0, 1, 1], "b": ["yes", "no", "yes"], "c": [1.5, 2.5, 9.0]}
    )
    source = table_from_frame(frame, ["a", "b"])
    encoder = source.encoder(everything(source))
    assert (encoder.task.kind, encoder.task.targets, encoder.task.outputs) == ("labels", ("a", "b"), 2)
    np.testing.assert_array_equal(encoder.transform(source).target, [[0, 1], [1, 0], [1, 1]])
    source = table_from_frame(frame, ["a", "c"])
    encoder = source.encoder(everything(source))
    assert encoder.task.kind == "numbers" and encoder.transform(source).target.shape == (3, 2)


def test_labels_in_one_cell() -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0, 4.0, 5.0], "tags": ["red; big", "big", "red;old", "old"]})
    source = table_from_frame(frame, "tags", task="labels")
    encoder = source.encoder(everything(source))
    assert encoder.task.targets == ("big", "old", "red")
    np.testing.assert_array_equal(
        encoder.transform(source).target, [[1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0]]
    )
    assert encoder_from(json.loads(json.dumps(encoder.state()))) == encoder
