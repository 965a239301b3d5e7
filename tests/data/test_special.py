"""Tables whose cells are series, texts or paths: what is found by itself, what must be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from gradwise.data.opening import open_source
from gradwise.errors import UsageError
from tests.data.pictures import DIGITS, digit_folder, photo, write_idx
from tests.data.tabular import write_text

CLASSES = ["up", "down"] * 6
SCANS = [DIGITS[at].reshape(-1) for at in range(12)]  # 64 numbers each


def spelled(between: str, around: str = "", length: int = 64) -> list[str]:
    opening, closing = around or ("", "")
    return [
        opening + between.join(map(str, scan[: length + at % 3])) + closing for at, scan in enumerate(SCANS)
    ]


def opened(folder: Path, columns: dict[str, list[Any]], **options: Any) -> Any:
    pl.DataFrame({**columns, "y": CLASSES}).write_csv(folder / "data.csv")
    return open_source(folder / "data.csv", target="y", **options)


@pytest.mark.parametrize(
    ("cells", "parted"),
    [
        (spelled(" "), "blanks"),
        (spelled(";"), "semicolons"),
        (spelled(", ", "[]"), "commas"),
        (spelled("|", "()"), "bars"),
        (spelled("  ", length=2), "blanks"),
        ([f"{at / 7} -1e-3 nan" for at in range(12)], "blanks"),
        (["120 130 140 150 160 170 180"] * 6 + ["100 200 300 400 500 600 700"] * 6, "blanks"),
    ],
)
def test_lists_written_as_text_are_series(cells: list[str], parted: str, tmp_path: Path) -> None:
    source = opened(tmp_path, {"scan": cells})
    assert source.kind == "series" and source.features == ("scan",)
    assert len(source) == 12 and source.columns == ("scan",)
    (choice,) = (choice for choice in source.choices if choice.name == "series")
    assert (
        choice.value == "scan" and f"parted by {parted}" in choice.reason and "--text scan" in choice.reason
    )


def test_the_numbers_are_those_of_the_cells(tmp_path: Path) -> None:
    source = opened(tmp_path, {"scan": spelled(" ")})
    assert source.lengths.tolist() == [64] * 12
    np.testing.assert_array_equal(source.values[:64, 0], SCANS[0])


@pytest.mark.parametrize(
    "cells",
    [
        ["48.1 11.6"] * 11 + ["nowhere"],
        ["1,5", "2,25"] * 6,
        ["1,000", "12,345,678"] * 6,
        ["120 130", "100 200"] * 6,
        ["2024-01-05 10:00:00", "2024-01-06 11:00:00"] * 6,
        ["3", "4 5"] * 6,
        ["1 2;3", "4 5;6"] * 6,
        ["a 1", "b 2"] * 6,
    ],
)
def test_other_cells_are_no_series(cells: list[str], tmp_path: Path) -> None:
    assert opened(tmp_path, {"a": cells, "b": [at % 3 for at in range(12)]}).kind == "table"


def test_short_lists_beside_other_columns_stay_a_table_unless_asked_for(tmp_path: Path) -> None:
    columns = {"place": ["48.1 11.6", "52.5 13.4"] * 6, "size": [at * 1.5 for at in range(12)]}
    assert opened(tmp_path, columns).kind == "table"
    source = opened(tmp_path, columns, series="place")
    assert source.kind == "series" and source.lengths.tolist() == [2] * 12
    assert [choice.value for choice in source.choices if choice.name == "left-out"] == ["size"]


def test_long_lists_count_even_beside_other_columns_and_can_be_switched_off(tmp_path: Path) -> None:
    columns = {"scan": spelled(" "), "size": [at * 1.5 for at in range(12)]}
    assert opened(tmp_path, columns).kind == "series"
    assert opened(tmp_path, columns, text="scan").kind == "text"
    assert opened(tmp_path, columns, drop=["scan"]).kind == "table"


def test_several_columns_of_lists_are_several_features(tmp_path: Path) -> None:
    turned = [" ".join(reversed(cell.split())) for cell in spelled(" ")]
    source = opened(tmp_path, {"one": spelled(" "), "two": turned})
    assert source.features == ("one", "two")
    np.testing.assert_array_equal(source.values[:64, 0], source.values[:64, 1][::-1])


def test_lists_and_texts_can_be_split_by_time_or_group(tmp_path: Path) -> None:
    columns = {
        "scan": spelled(" "),
        "who": [at // 3 for at in range(12)],
        "day": [f"2024-01-{30 - at}" for at in range(12)],
    }
    source = opened(tmp_path, columns, group="who", time="day")
    assert source.kind == "series" and source.groups.tolist() == [at // 3 for at in range(12)]
    assert (np.diff(source.moments) < 0).all()
    assert opened(tmp_path, columns, text="scan", group="who").groups.tolist() == source.groups.tolist()


def test_large_files_keep_repeated_words_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradwise.data import csv_reading

    lines = [f"{at},{'yes' if at % 3 else 'no'},name{at},{at % 7}.5\n" for at in range(400)]
    path = write_text(tmp_path, "id,word,name,x\n" + "".join(lines))
    whole = csv_reading.read_csv(path)
    monkeypatch.setattr(csv_reading, "BLOCK", 1 << 10)
    parts = csv_reading.read_csv(path)
    assert [parts[name].dtype for name in ("word", "name")] == [pl.Categorical, pl.String]
    assert parts["word"].cast(pl.String).to_list() == whole["word"].to_list()
    source = open_source(path, target="x", task="numbers")
    assert {column.name: column.role for column in source.columns}["word"] == "flag"  # type: ignore[attr-defined]


def test_images_take_the_size_asked_for(tmp_path: Path) -> None:
    folder = digit_folder(tmp_path / "digits")
    photo(20, 30).save(folder / "digit0" / "photo.png")
    source = open_source(folder, image_size=16)
    assert source.pixels.shape[2:] == (16, 16)  # type: ignore[attr-defined]
    (choice,) = (choice for choice in source.choices if choice.name == "image-size")  # type: ignore[attr-defined]
    assert choice.value == "16×16" and "--image-size 16" in choice.reason and "12 of 13" in choice.reason


def test_larger_images_than_usual_can_be_asked_for(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "big" / name).mkdir(parents=True)
        photo(300, 400).save(tmp_path / "big" / name / "1.png")
    usual = open_source(tmp_path / "big")
    assert usual.pixels.shape[2:] == (168, 224)  # type: ignore[attr-defined]
    assert "--image-size N for more" in usual.choices[-1].reason  # type: ignore[attr-defined]
    assert open_source(tmp_path / "big", image_size=400).pixels.shape[2:] == (300, 400)  # type: ignore[attr-defined]


def test_images_in_arrays_take_the_size_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=DIGITS[:20] / 255, y=np.arange(20) % 2)
    source = open_source(tmp_path / "d.npz", image_size=12)
    encoder = source.encoder(np.arange(20))
    assert encoder.shape()["height"] == encoder.shape()["width"] == 12
    assert encoder.transform(source).inputs["pixels"].shape == (20, 1, 12, 12)
    # another file, opened without the option, is brought to the same size
    np.savez(tmp_path / "e.npz", x=DIGITS[20:30] / 255, y=np.arange(10) % 2)
    assert encoder.transform(open_source(tmp_path / "e.npz")).inputs["pixels"].shape == (10, 1, 12, 12)
    want = np.asarray(Image.fromarray(DIGITS[0]).resize((12, 12), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(encoder.transform(source).inputs["pixels"][0, 0], want)


def test_options_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", DIGITS[:6])
    with pytest.raises(UsageError, match="--drop means nothing for .*, which has no columns"):
        open_source(tmp_path / "train-images-idx3-ubyte", drop=["a"])
    with pytest.raises(UsageError, match="--image-size means nothing for a table of series"):
        opened(tmp_path, {"scan": spelled(" ")}, image_size=8)
    with pytest.raises(UsageError, match="--text and --series read the table in different ways"):
        opened(tmp_path, {"scan": spelled(" ")}, text="scan", series=["scan"])
