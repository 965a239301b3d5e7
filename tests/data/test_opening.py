"""Data of every kind is told apart, and its encoder comes back from its state."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from gradwise.data.examples import Source
from gradwise.data.opening import encoder_from, open_source
from gradwise.data.splitting import split
from tests.data.tabular import real_frame, write_text


def check_round_trip(source: Source, inputs: set[str]) -> None:
    """Split, fit, encode; the encoder read back from JSON gives the same arrays."""
    rows = split(source, valid=0.25, seed=0)
    encoder = source.encoder(rows.train)
    again = encoder_from(json.loads(json.dumps(encoder.state(), allow_nan=False)))
    want, got = (made.transform(source, rows.valid) for made in (encoder, again))
    assert set(want.inputs) == inputs and len(got) == len(rows.valid)
    for name, array in want.inputs.items():
        np.testing.assert_array_equal(got.inputs[name], array)
    np.testing.assert_array_equal(got.target, want.target)
    assert again.shape() == encoder.shape() and again.task == encoder.task


def draw(path: Path, shade: int) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    noise = np.random.default_rng(shade).integers(0, 20, (8, 8))
    Image.fromarray((noise + shade).astype(np.uint8)).save(path)


def test_tables(tmp_path: Path) -> None:
    real_frame("iris").write_csv(tmp_path / "iris.csv")
    source = open_source(tmp_path / "iris.csv", target="target")
    assert source.kind == "table"
    check_round_trip(source, {"numbers", "categories"})


def test_a_folder_of_images(tmp_path: Path) -> None:
    for at in range(24):
        draw(tmp_path / "pictures" / ("cat" if at % 2 else "dog") / f"{at}.png", 100 * (at % 2) + at)
    source = open_source(tmp_path / "pictures")
    assert source.kind == "images" and len(source) == 24
    check_round_trip(source, {"pixels"})


def test_a_table_of_image_paths(tmp_path: Path) -> None:
    for at in range(12):
        draw(tmp_path / "png" / f"{at}.png", 10 * at)
    frame = pl.DataFrame({"file": [f"png/{at}.png" for at in range(12)], "kind": ["a", "b"] * 6})
    frame.write_csv(tmp_path / "list.csv")
    source = open_source(tmp_path / "list.csv", target="kind")
    assert source.kind == "images"
    check_round_trip(source, {"pixels"})


def test_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "a.npz", x=rng.normal(size=(40, 5)), y=np.arange(40) % 2)
    source = open_source(tmp_path / "a.npz")
    assert source.kind == "table"
    check_round_trip(source, set(source.encoder(np.arange(40)).transform(source).inputs))


def test_idx_files(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 6, 5), np.uint8)
    images = b"\x00\x00\x08\x03" + np.array(pixels.shape, ">i4").tobytes() + pixels.tobytes()
    labels = b"\x00\x00\x08\x01" + np.array([20], ">i4").tobytes() + bytes(at % 2 for at in range(20))
    write_text(tmp_path, images, "train-images-idx3-ubyte")
    write_text(tmp_path, labels, "train-labels-idx1-ubyte")
    for place in (tmp_path, tmp_path / "train-images-idx3-ubyte"):
        source = open_source(place)
        assert source.kind == "images" and len(source) == 20
        check_round_trip(source, {"pixels"})


def test_ucr_files(tmp_path: Path) -> None:
    waves = np.sin(np.arange(12) * np.arange(1, 21)[:, None])
    lines = "".join(
        f"{at % 2 + 1}\t" + "\t".join(f"{x:.6f}" for x in wave) + "\n" for at, wave in enumerate(waves)
    )
    source = open_source(write_text(tmp_path, lines, "Waves_TRAIN.tsv"))
    assert source.kind == "series" and len(source) == 20
    check_round_trip(source, {"series", "lengths"})


def test_a_long_table_of_series(tmp_path: Path) -> None:
    rows = [
        (who, when, np.sin(who * when), "even" if who % 2 == 0 else "odd")
        for who in range(12)
        for when in range(9)
    ]
    pl.DataFrame(rows, schema=["who", "when", "x", "y"], orient="row").write_csv(tmp_path / "long.csv")
    source = open_source(tmp_path / "long.csv", target="y", ids="who", time="when")
    assert source.kind == "series" and len(source) == 12
    check_round_trip(source, {"series", "lengths"})


def test_a_column_of_lists(tmp_path: Path) -> None:
    frame = pl.DataFrame({"wave": [[float(i), 1.0, i / 2] for i in range(12)], "y": ["a", "b"] * 6})
    frame.write_parquet(tmp_path / "waves.parquet")
    source = open_source(tmp_path / "waves.parquet", target="y")
    assert source.kind == "series"
    check_round_trip(source, {"series", "lengths"})


def test_text(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"review": [f"a {'good' if at % 2 else 'bad'} film" for at in range(20)], "y": [0, 1] * 10}
    )
    frame.write_csv(tmp_path / "reviews.csv")
    source = open_source(tmp_path / "reviews.csv", target="y", text="review")
    assert source.kind == "text"
    check_round_trip(source, {"tokens", "lengths"})


def test_prediction_needs_no_target(tmp_path: Path) -> None:
    frame = real_frame("iris")
    frame.write_csv(tmp_path / "iris.csv")
    encoder = open_source(tmp_path / "iris.csv", target="target").encoder(np.arange(150))
    frame.drop("target").head(1).write_csv(tmp_path / "new.csv")
    made = encoder.transform(open_source(tmp_path / "new.csv"))
    assert made.target is None and made.inputs["numbers"].shape == (1, 4)


@pytest.mark.parametrize("drop", ["target", ("target",)])
def test_dropping_at_prediction_is_no_mistake(drop: object, tmp_path: Path) -> None:
    real_frame("iris").write_csv(tmp_path / "iris.csv")
    assert "target" not in open_source(tmp_path / "iris.csv", drop=drop).frame.columns  # type: ignore[attr-defined]
