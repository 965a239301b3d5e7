"""`gradwise predict` and `evaluate`: every row in its order, whatever the data looks like."""

from __future__ import annotations

import io
import json
import os

import numpy as np
import polars as pl
import pytest
from PIL import Image

import gradwise
from gradwise.fitting import predictions
from tests.cli.made_runs import made_run
from tests.cli.verbs import call

ROWS = 120


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(0)
    return pl.DataFrame({
        "x": draw.normal(size=ROWS), "n": draw.integers(0, 50, ROWS),
        "city": draw.choice(["Ulm", "Bonn", "Köln"], ROWS),
        "ok": draw.choice(["yes", "no"], ROWS), "y": draw.choice(["a", "b"], ROWS),
        "price": draw.normal(size=ROWS) * 40 + 500,
    })  # fmt: skip


@pytest.fixture(scope="module")
def place(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    table.write_csv(folder / "data.csv")
    made_run(folder / "run", folder / "data.csv", target="y", drop=["price"])
    made_run(folder / "prices", folder / "data.csv", target=["price", "n"], drop=["y"])
    return folder


def predicted(capsys, run, *arguments):
    """The predictions as a table, and what was said."""
    code, out, err = call("predict", capsys, run, *arguments)
    assert code == 0, err
    return pl.read_csv(io.StringIO(out)), err


def said(frame, capsys, place, tmp_path, *arguments):
    """What predict says of a table."""
    frame.write_csv(tmp_path / "new.csv")
    return predicted(capsys, place / "run", tmp_path / "new.csv", *arguments)


def test_one_row_for_each_in_the_order_of_the_data(place, table, capsys) -> None:
    frame, err = predicted(capsys, place / "run", place / "data.csv", "--probabilities")
    assert frame.columns == ["y", "p(a)", "p(b)"]
    assert err == ""
    network = gradwise.load(place / "run")
    expected = network.outputs(network.open(place / "data.csv"))
    np.testing.assert_allclose(frame.select("p(a)", "p(b)").to_numpy(), expected, rtol=1e-6)
    assert frame["y"].to_list() == list(network.predict(place / "data.csv"))
    assert set(frame["y"]) == {"a", "b"}


def test_numbers_come_in_their_own_units(place, table, capsys) -> None:
    frame, _ = predicted(capsys, place / "prices", place / "data.csv")
    assert frame.columns == ["price", "n"]
    assert frame["price"].mean() == pytest.approx(table["price"].mean(), rel=0.1)


def test_order_of_columns_extra_columns_and_the_target_make_no_difference(
    place, table, capsys, tmp_path
) -> None:
    expected, _ = predicted(capsys, place / "run", place / "data.csv", "-p")
    for changed in (
        table.select(reversed(table.columns)),
        table.drop("y", "price"),
        table.with_columns(pl.lit("?").alias("note")),
    ):
        frame, err = said(changed, capsys, place, tmp_path, "-p")
        assert frame.equals(expected)
        assert err == ""


def test_blocks_of_any_size_give_the_same(place, capsys, monkeypatch, tmp_path, table) -> None:
    gaps = pl.concat([table[:50], table[:3].clear(3), table[50:]])
    expected, _ = said(gaps, capsys, place, tmp_path, "-p")
    for rows in (1, 7, 50):
        monkeypatch.setattr(predictions, "BLOCK_ROWS", rows)
        frame, err = said(gaps, capsys, place, tmp_path, "-p")
        assert frame["y"].equals(expected["y"])
        np.testing.assert_allclose(frame["p(a)"].to_numpy(), expected["p(a)"].to_numpy(), rtol=1e-5)
        assert "3 rows hold nothing (first: row 51)" in err


def test_unknown_categories_are_counted_and_told_once(place, table, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(predictions, "BLOCK_ROWS", 50)
    changed = table.with_columns(
        pl.when(pl.int_range(ROWS) % 4 == 1).then(pl.lit("Jena")).otherwise("city").alias("city")
    )
    frame, err = said(changed, capsys, place, tmp_path)
    assert frame.height == ROWS
    assert err.count("\n") == 1
    assert "column 'city': 30 of 120 rows" in err
    assert "'Jena'" in err


def test_rows_with_gaps_and_rows_with_nothing_keep_their_place(place, table, capsys, tmp_path) -> None:
    part = table.drop("y", "price").with_columns(
        pl.when(pl.int_range(ROWS) == 2).then(None).otherwise("x").alias("x")
    )
    gone = pl.int_range(ROWS).is_in([0, 5, 6])
    changed = part.with_columns(
        pl.when(gone).then(None).otherwise(pl.col(name)).alias(name) for name in part.columns
    )
    whole, _ = said(part, capsys, place, tmp_path)
    frame, err = said(changed, capsys, place, tmp_path)
    assert frame.height == ROWS
    assert frame["y"].is_null().arg_true().to_list() == [0, 5, 6]
    assert frame["y"].drop_nulls().to_list() == [
        word for row, word in enumerate(whole["y"]) if row not in (0, 5, 6)
    ]
    assert "3 rows hold nothing (first: row 1)" in err


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.drop("city"), "lacks column 'city'"),
        (lambda t: t.rename({"city": "citi"}), "is it 'citi'?"),
        (lambda t: t.drop("city", "x"), "lacks 2 columns"),
        (
            lambda t: t.with_columns(
                pl.when(pl.int_range(ROWS) == 9)
                .then(pl.lit("many"))
                .otherwise(pl.col("x").cast(pl.String))
                .alias("x")
            ),
            "row 10 of column 'x' holds 'many'",
        ),
        (
            lambda t: t.with_columns(
                pl.when(pl.int_range(ROWS) == 4).then(pl.lit("maybe")).otherwise("ok").alias("ok")
            ),
            "row 5 of column 'ok' holds 'maybe'",
        ),
        (lambda t: t.clear(), "no rows below it"),
    ],
)
def test_what_cannot_be_predicted_is_one_sentence_and_leaves_no_file(
    place, table, capsys, tmp_path, change, expected
) -> None:
    change(table).write_csv(tmp_path / "new.csv")
    for out in ((), ("--out", tmp_path / "out.csv"), ("--out", tmp_path / "out.parquet")):
        code, printed, err = call("predict", capsys, place / "run", tmp_path / "new.csv", *out)
        assert code == 2
        assert expected in err
        assert err.count("\n") == 1
        assert printed == ""
        assert [entry.name for entry in tmp_path.iterdir()] == ["new.csv"]


def test_an_error_after_some_blocks_leaves_an_older_file_and_says_what_was_printed(
    place, table, capsys, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(predictions, "BLOCK_ROWS", 40)
    bad = pl.when(pl.int_range(ROWS) == 100).then(pl.lit("bad")).otherwise(pl.col("x").cast(pl.String))
    table.with_columns(bad.alias("x")).write_csv(tmp_path / "new.csv")
    (tmp_path / "out.csv").write_text("older")
    code, _, err = call("predict", capsys, place / "run", tmp_path / "new.csv", "-o", tmp_path / "out.csv")
    assert code == 2
    assert "row 101" in err
    assert (tmp_path / "out.csv").read_text() == "older"
    assert len(list(tmp_path.iterdir())) == 2
    code, out, err = call("predict", capsys, place / "run", tmp_path / "new.csv")
    assert code == 2
    assert out.count("\n") == 81
    assert "The first 80 rows were printed" in err


def test_files_hold_what_is_printed(place, capsys, tmp_path) -> None:
    printed, _ = predicted(capsys, place / "run", place / "data.csv", "-p")
    for name, read in (("out.csv", pl.read_csv), ("out.parquet", pl.read_parquet)):
        code, out, _ = call(
            "predict", capsys, place / "run", place / "data.csv", "-p", "--out", tmp_path / name
        )
        assert (code, out) == (0, "")
        frame = read(tmp_path / name)
        assert frame["y"].equals(printed["y"])
        np.testing.assert_allclose(frame["p(a)"].to_numpy(), printed["p(a)"].to_numpy(), rtol=1e-6)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_data_is_never_overwritten(place, table, capsys, tmp_path) -> None:
    table.write_csv(tmp_path / "new.csv")
    before = (tmp_path / "new.csv").read_bytes()
    for data in (tmp_path / "new.csv", tmp_path / "*.csv"):
        code, _, err = call("predict", capsys, place / "run", data, "--out", tmp_path / "new.csv")
        assert code == 2
        assert "is the data itself" in err
    assert (tmp_path / "new.csv").read_bytes() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_one_sentence(place, capsys, tmp_path, monkeypatch) -> None:
    (tmp_path / "out.csv.part").symlink_to("/dev/full")
    code, _, err = call("predict", capsys, place / "run", place / "data.csv", "--out", tmp_path / "out.csv")
    assert code == 2
    assert "out.csv cannot be written (No space left on device)" in err


def test_probabilities_of_numbers_are_refused(place, capsys) -> None:
    code, _, err = call("predict", capsys, place / "prices", place / "data.csv", "-p")
    assert code == 2
    assert "this network predicts numbers (price, n)" in err


def test_images_are_named(tmp_path, capsys) -> None:
    draw = np.random.default_rng(0)
    for name in ("dark", "light"):
        (tmp_path / "train" / name).mkdir(parents=True)
        for at in range(6):
            pixels = draw.integers(0, 100, (9, 9), np.uint8) + (100 if name == "light" else 0)
            Image.fromarray(pixels).save(tmp_path / "train" / name / f"{at}.png")
    run = made_run(tmp_path / "run", tmp_path / "train", net="cnn", options={"units": 2})
    frame, _ = predicted(capsys, run, tmp_path / "train", "-p")
    assert frame.columns == ["file", "class", "p(dark)", "p(light)"]
    assert frame["file"].to_list() == [f"{name}/{at}.png" for name in ("dark", "light") for at in range(6)]
    (tmp_path / "new" / "holiday").mkdir(parents=True)  # a folder that is no class of training
    for at in range(3):
        (tmp_path / "new" / "holiday" / f"{at}.png").write_bytes(
            (tmp_path / "train" / "light" / f"{at}.png").read_bytes()
        )
    new, _ = predicted(capsys, run, tmp_path / "new", "-p")
    assert new["file"].to_list() == [f"holiday/{at}.png" for at in range(3)]
    assert new["p(dark)"].to_list() == pytest.approx(frame["p(dark)"][6:9].to_list(), rel=1e-5)
    listed = tmp_path / "new" / "list.csv"
    pl.DataFrame({"path": ["holiday/2.png", "holiday/0.png"], "class": ["?", "?"]}).write_csv(listed)
    few, _ = predicted(capsys, run, listed, "-p")
    assert few["file"].to_list() == ["holiday/2.png", "holiday/0.png"]
    assert few["p(dark)"].to_list() == pytest.approx([new["p(dark)"][2], new["p(dark)"][0]], rel=1e-5)


def test_series_are_named_and_need_no_target(tmp_path, capsys) -> None:
    draw = np.random.default_rng(0)
    rows = [
        {"who": f"s{at}", "v": draw.normal(), "w": draw.normal(), "rating": at % 3}
        for at in range(12) for _ in range(3 + at % 4)
    ]  # fmt: skip
    pl.DataFrame(rows).write_csv(tmp_path / "long.csv")
    run = made_run(tmp_path / "run", tmp_path / "long.csv", "gru", "rating", {"units": 4}, ids="who")
    frame, _ = predicted(capsys, run, tmp_path / "long.csv", "-p")
    assert frame.columns == ["who", "rating", "p(0)", "p(1)", "p(2)"]
    assert frame["who"].to_list() == [f"s{at}" for at in range(12)]
    pl.read_csv(tmp_path / "long.csv").drop("rating").write_csv(tmp_path / "new.csv")
    bare, _ = predicted(capsys, run, tmp_path / "new.csv", "-p")
    assert bare.equals(frame)


def test_a_column_of_lists_may_have_its_target_beside_it(tmp_path, capsys) -> None:
    draw = np.random.default_rng(0)
    frame = pl.DataFrame({"s": draw.normal(size=(20, 5)).tolist(), "y": ["a", "b"] * 10})
    frame.write_parquet(tmp_path / "data.parquet")
    frame.drop("y").write_parquet(tmp_path / "new.parquet")
    run = made_run(tmp_path / "run", tmp_path / "data.parquet", "cnn1d", "y", {"units": 4})
    whole, _ = predicted(capsys, run, tmp_path / "data.parquet", "-p")
    bare, _ = predicted(capsys, run, tmp_path / "new.parquet", "-p")
    assert whole.equals(bare)
    assert whole.height == 20


def test_labels_and_texts(tmp_path, capsys) -> None:
    tags = ["p;q", "q", "p", "r;p"] * 10
    pl.DataFrame({"text": ["one two", "two three", "one", "three"] * 10, "tags": tags}).write_csv(
        tmp_path / "d.csv"
    )
    run = made_run(
        tmp_path / "run", tmp_path / "d.csv", "cnn1d", "tags", {"units": 4}, text="text", task="labels"
    )
    frame, _ = predicted(capsys, run, tmp_path / "d.csv", "-p")
    assert frame.columns == ["p", "q", "r", "p(p)", "p(q)", "p(r)"]
    assert frame["p"].dtype == pl.Boolean
    assert frame["p"].to_list() == (frame["p(p)"] > 0.5).to_list()


def test_targets_are_found_where_training_found_them(tmp_path, capsys) -> None:
    draw = np.random.default_rng(0)
    pl.DataFrame({"x": draw.normal(size=40), "tags": ["p;q", "q", "p", "r;p"] * 10}).write_csv(
        tmp_path / "d.csv"
    )
    np.savez(tmp_path / "d.npz", x=draw.normal(size=(40, 3)), y=draw.integers(0, 2, 40))
    runs = [
        (made_run(tmp_path / "tags", tmp_path / "d.csv", target="tags", task="labels"), tmp_path / "d.csv"),
        (made_run(tmp_path / "array", tmp_path / "d.npz"), tmp_path / "d.npz"),
    ]
    for run, data in runs:
        frame, _ = predicted(capsys, run, data)
        assert frame.height == 40
        code, out, err = call("evaluate", capsys, run, data)
        assert code == 0, err
        assert "accuracy" in out


def test_names_that_no_terminal_knows_are_still_utf_8(tmp_path, capsys) -> None:
    pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "größe": ["klein", "groß"] * 2}).write_csv(tmp_path / "d.csv")
    run = made_run(tmp_path / "run", tmp_path / "d.csv", target="größe")
    frame, _ = predicted(capsys, run, tmp_path / "d.csv", "-p")
    assert frame.columns == ["größe", "p(groß)", "p(klein)"]


def test_scores_of_classes_and_of_several_targets(place, table, capsys, tmp_path) -> None:
    file = tmp_path / "s.json"
    code, out, _ = call("evaluate", capsys, place / "run", place / "data.csv", "--json", file)
    assert code == 0
    for word in ("accuracy", "brier", "roc_auc", "calibration_error", "precision", "truth \\ predicted"):
        assert word in out
    document = json.loads(file.read_text())
    assert sum(map(sum, document["confusion"])) == ROWS
    assert [row["rows"] for row in document["per_class"]] == [
        (table["y"] == "a").sum(),
        (table["y"] == "b").sum(),
    ]
    assert len(document["reliability"]) == 15
    assert sum(row["rows"] for row in document["reliability"]) == ROWS
    assert document["reliability"][0]["accuracy"] is None, "no probability of the winner is that small"
    code, out, _ = call("evaluate", capsys, place / "prices", place / "data.csv", "--json", file)
    assert "explained_variance" in out
    assert [row["target"] for row in json.loads(file.read_text())["per_target"]] == ["price", "n"]


def test_what_is_undefined_is_told_and_null(place, table, capsys, tmp_path) -> None:
    table.filter(pl.col("y") == "a").write_csv(tmp_path / "a.csv")
    code, out, _ = call("evaluate", capsys, place / "run", tmp_path / "a.csv", "--json", tmp_path / "s.json")
    assert code == 0
    assert "note: no row is 'b'" in out
    document = json.loads((tmp_path / "s.json").read_text())
    assert document["metrics"]["roc_auc"] is None
    assert document["per_class"][1]["recall"] is None
    assert len(document["notes"]) == 2


def test_a_class_that_training_did_not_see_is_named(place, table, capsys, tmp_path) -> None:
    table.with_columns(pl.lit("c").alias("y")).write_csv(tmp_path / "c.csv")
    code, _, err = call("evaluate", capsys, place / "run", tmp_path / "c.csv")
    assert code == 2
    assert "row 1 of target column 'y' holds 'c'" in err


def test_scores_need_the_target(place, table, capsys, tmp_path) -> None:
    table.drop("y").write_csv(tmp_path / "no.csv")
    code, _, err = call("evaluate", capsys, place / "run", tmp_path / "no.csv")
    assert code == 2
    assert "'y'" in err
