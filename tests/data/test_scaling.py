"""Scalings of inputs: fitted on training rows, against scikit-learn, saved, and refused where senseless."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from gradwise.data import scaling
from gradwise.data.arrays import source_of
from gradwise.data.examples import Choice, Encoder, Source
from gradwise.data.images import open_images
from gradwise.data.opening import encoder_from, open_source
from gradwise.data.series import SeriesSource, series_from_frame
from gradwise.data.text import text_from_frame
from gradwise.errors import UnknownNameError, UsageError
from tests.data.pictures import digit_folder
from tests.data.tabular import real_frame

WINE = load_wine().data
TRAIN = np.arange(0, len(WINE), 2)
DIGITS, LABELS = load_digits(return_X_y=True)


def saved(encoder: Encoder) -> Encoder:
    """The encoder, through JSON and back."""
    return encoder_from(json.loads(json.dumps(encoder.state())))


def told(encoder: Encoder) -> Choice:
    (choice,) = (choice for choice in encoder.choices if choice.name == "scale")
    return choice


def table(tmp_path: Path) -> Source:
    real_frame("wine").write_csv(tmp_path / "wine.csv")
    return open_source(tmp_path / "wine.csv", target="target")


def series(count: int = 40) -> SeriesSource:
    """Rows of digits as series of 4 to 8 moments, with a gap at the start of the first."""
    parts = []
    for row in range(count):
        values = DIGITS[row].reshape(8, 8)[: 4 + row % 5].copy()
        values[0, 3] = np.nan if row == 0 else values[0, 3]
        frame = {f"f{i}": values[:, i] for i in range(2, 6)}
        parts.append(
            pl.DataFrame({"id": [row] * len(values), "digit": [f"d{LABELS[row]}"] * len(values)} | frame)
        )
    return series_from_frame(pl.concat(parts), ["digit"], series_id="id")


@pytest.mark.parametrize(
    ("word", "theirs"),
    [
        ("standardize", StandardScaler()),
        ("z-score", StandardScaler()),
        ("min-max", MinMaxScaler()),
        ("min-max:low=-1", MinMaxScaler((-1, 1))),
        ("min-max:low=-2,high=3", MinMaxScaler((-2, 3))),
    ],
)
def test_it_is_scikit_learns(word: str, theirs: Any) -> None:
    made = scaling.fit(word, WINE[TRAIN])
    theirs.fit(WINE[TRAIN])
    np.testing.assert_allclose(made.transform(WINE), theirs.transform(WINE), rtol=1e-5, atol=1e-6)
    again = scaling.restore(json.loads(json.dumps(made.state())))
    assert again == made


def test_contrast_is_each_examples_own() -> None:
    images = DIGITS.reshape(-1, 8, 8)[:50]
    made = scaling.fit("contrast", images)
    floor = 0.05 * images.std()
    first = images[7]
    np.testing.assert_allclose(
        made.transform(images)[7], (first - first.mean()) / np.sqrt(first.var() + floor**2), rtol=1e-5
    )
    assert np.abs(made.transform(np.full((1, 8, 8), 9.0))).max() == 0, "an empty image stays empty"
    assert scaling.restore(json.loads(json.dumps(made.state()))) == made


@pytest.mark.parametrize("word", ["auto", "standardize"])
def test_a_table_is_standardised_unless_told_otherwise(word: str, tmp_path: Path) -> None:
    source = table(tmp_path)
    usual, encoder = source.encoder(TRAIN), source.encoder(TRAIN, word)
    assert encoder == usual
    assert told(usual).value == "standardize" and "13 columns" in told(usual).reason
    numbers = encoder.transform(source).inputs["numbers"]
    want = (WINE - WINE[TRAIN].mean(0)) / WINE[TRAIN].std(0)
    np.testing.assert_allclose(numbers, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("opened", ["table", "array"])
def test_min_max_fills_its_range_with_the_training_rows_only(opened: str, tmp_path: Path) -> None:
    source = table(tmp_path) if opened == "table" else source_of(WINE, load_wine().target)
    encoder = saved(source.encoder(TRAIN, "min-max:low=-1"))
    assert told(encoder).value == "min-max" and "from -1 to 1" in told(encoder).reason
    numbers = encoder.transform(source).inputs["numbers"]
    np.testing.assert_allclose(numbers[TRAIN].min(0), -1, atol=1e-5)
    np.testing.assert_allclose(numbers[TRAIN].max(0), 1, atol=1e-5)
    others = np.setdiff1d(np.arange(len(WINE)), TRAIN)
    assert numbers[others].max() > 1.001, "a later row may lie beyond"
    np.testing.assert_allclose(numbers, MinMaxScaler((-1, 1)).fit(WINE[TRAIN]).transform(WINE), atol=1e-4)


@pytest.mark.parametrize("opened", ["table", "array"])
def test_none_leaves_numbers_as_they_are(opened: str, tmp_path: Path) -> None:
    source = table(tmp_path) if opened == "table" else source_of(WINE, load_wine().target)
    encoder = saved(source.encoder(TRAIN, "none"))
    numbers = encoder.transform(source).inputs["numbers"]
    np.testing.assert_allclose(numbers, WINE, rtol=1e-6)
    assert WINE.max() > 1000, "and are not cut off at 10"
    assert told(encoder).reason.endswith("numbers stay as they are")


@pytest.mark.parametrize("word", ["auto", "min-max", "none"])
def test_gaps_become_what_stands_for_the_middle(word: str, tmp_path: Path) -> None:
    values = load_diabetes().data[:60].copy()
    values[5, 0] = np.nan
    frame = pl.DataFrame(values, schema=[f"c{i}" for i in range(values.shape[1])]).fill_nan(None)
    frame.with_columns(pl.Series("y", np.arange(60.0))).write_csv(tmp_path / "gaps.csv")
    opened = open_source(tmp_path / "gaps.csv", target="y")
    rows = np.arange(60)
    arrays = source_of(values, np.arange(60.0))
    held = np.delete(values[:, 0], 5)
    for source, middle in ((opened, np.median(held)), (arrays, held.mean())):
        encoder = saved(source.encoder(rows, word))
        numbers = encoder.transform(source).inputs["numbers"][:, 0]
        slope, shift = np.polyfit(held, np.delete(numbers, 5), 1)
        assert numbers[5] == pytest.approx(slope * middle + shift, abs=1e-4)


def test_constant_columns_do_not_burst() -> None:
    rows = np.column_stack([np.full(20, 7.0), np.arange(20.0)])
    for word in ("standardize", "min-max"):
        made = scaling.fit(word, rows)
        assert np.abs(made.transform(rows)[:, 0]).max() == 0
        source = source_of(rows, np.arange(20.0))
        numbers = source.encoder(np.arange(20), word).transform(source).inputs["numbers"]
        assert np.abs(numbers[:, 0]).max() == 0


@pytest.mark.parametrize("word", ["auto", "min-max:low=-1", "none"])
def test_series_are_scaled_feature_by_feature(word: str) -> None:
    source, rows = series(), np.arange(0, 40, 2)
    encoder = saved(source.encoder(rows, word))
    held = np.concatenate([source.values[s : s + n] for s, n in _places(source, rows)])
    mean, low, high = np.nanmean(held, 0), np.nanmin(held, 0), np.nanmax(held, 0)
    shift, scale = {
        "auto": (mean, np.nanstd(held, 0)),
        "none": (0.0 * mean, 1.0 + 0 * mean),
    }.get(word, ((low + high) / 2, (high - low) / 2))
    examples = encoder.transform(source)
    for row, (start, length) in enumerate(_places(source, np.arange(40))):
        want = (source.values[start : start + length] - shift) / scale
        first = source.features.index("f3")
        if row == 0:
            want[0, first] = ((mean - shift) / scale)[first]  # nothing is known before the gap
        np.testing.assert_allclose(examples.inputs["series"][row, :length], want, rtol=1e-4, atol=1e-4)
        assert not examples.inputs["series"][row, length:].any()


def test_series_by_contrast_lose_level_and_size() -> None:
    source = series()
    louder = SeriesSource(3 * source.values + 50, source.lengths, source.features, source.target)
    rows = np.arange(40)
    encoder = saved(source.encoder(rows, "contrast:floor=0.001"))
    one, other = (encoder.transform(each).inputs["series"] for each in (source, louder))
    kept = rows[1:]  # the first has a gap at its start, which takes the training mean
    np.testing.assert_allclose(one[kept], other[kept], atol=0.02)
    length = int(source.lengths[9])
    np.testing.assert_allclose(one[9, :length].mean(0), 0, atol=1e-5)
    assert encoder.transform(source, rows[:0]).inputs["series"].shape[0] == 0
    usual = source.encoder(rows)
    apart = [usual.transform(each).inputs["series"] for each in (source, louder)]
    assert np.abs(apart[0] - apart[1]).max() > 1


def _places(source: SeriesSource, rows: np.ndarray) -> list[tuple[int, int]]:
    starts = source.starts()
    return [(int(starts[row]), int(source.lengths[row])) for row in rows]


def entered(encoder: Encoder, pixels: np.ndarray) -> np.ndarray:
    """What a net makes of the pixels at its entrance."""
    import torch

    from gradwise.nets.pixels import ImageShape, Pixels

    return Pixels(ImageShape(**encoder.shape()))(torch.from_numpy(pixels)).numpy()


def test_images_reach_the_net_as_they_were_to_be_scaled(tmp_path: Path) -> None:
    source = open_images(digit_folder(tmp_path / "pics", classes=4, each=10))
    rows = np.arange(0, 40, 2)
    seen = source.pixels[rows] / 255
    for word, want in {
        "auto": (source.pixels / 255 - seen.mean()) / seen.std(),
        "min-max": (source.pixels / 255 - seen.min()) / (seen.max() - seen.min()),
        "none": source.pixels.astype(np.float64),
    }.items():
        encoder = saved(source.encoder(rows, word))
        pixels = encoder.transform(source).inputs["pixels"]
        assert pixels.dtype == np.uint8
        np.testing.assert_allclose(entered(encoder, pixels), want, rtol=1e-4, atol=1e-4)
        assert "contrast" not in encoder.shape()
    encoder = saved(source.encoder(rows, "contrast"))
    want = scaling.fit("contrast", seen).transform(source.pixels / 255)
    np.testing.assert_allclose(entered(encoder, source.pixels), want, rtol=1e-3, atol=1e-3)
    assert told(encoder).value == "contrast" and "0.05" in told(encoder).reason


def test_colours_share_one_contrast() -> None:
    from gradwise.data.images import ImageSource

    pixels = np.random.default_rng(0).integers(0, 200, (12, 3, 5, 5)).astype(np.uint8)
    pixels[:, 2] //= 4
    target = source_of(pixels, np.arange(12) % 2).target
    encoder = ImageSource(pixels, target).encoder(np.arange(12), "contrast")
    want = scaling.fit("contrast", pixels / 255).transform(pixels / 255)
    np.testing.assert_allclose(entered(encoder, pixels), want, rtol=1e-3, atol=1e-3)
    assert abs(want[:, 2].mean()) > 0.5, "blue stays darker than the others"


def test_what_was_saved_before_there_was_a_choice_is_read(tmp_path: Path) -> None:
    for source in (table(tmp_path), source_of(WINE, load_wine().target), series()):
        rows = np.arange(0, 40, 2)
        encoder = source.encoder(rows)
        state = json.loads(json.dumps(encoder.state()))
        for gone in ("gap", "floor"):
            state.pop(gone, None)
        for code in state.get("numbers", ()):
            code.pop("farthest", None)
        name = next(iter(encoder.transform(source).inputs))
        again = encoder_from(state).transform(source).inputs[name]
        np.testing.assert_array_equal(again, encoder.transform(source).inputs[name])


@pytest.mark.parametrize(
    ("word", "kind", "message"),
    [
        ("contrast", "table", "--scale contrast is for images and series, not for a table"),
        ("min-max", "text", "--scale min-max is for numbers, and this data is read as words; leave it out."),
        ("min-max:low=1", "images", "scaling 'min-max': low must be below high, got 1 and 1."),
        ("min-max:low=far", "table", "low takes a number from -1000 to 1000, not 'far'."),
        ("contrast:floor=0", "images", "floor takes a number above 0 up to 1, not 0."),
        ("standardize:ddof=1", "table", "scaling 'standardize' has no option ddof; it takes none."),
    ],
)
def test_a_wrong_combination_is_one_sentence(word: str, kind: Any, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        scaling.choose(word, kind)


def test_a_wrong_name_is_one_sentence() -> None:
    with pytest.raises(
        UnknownNameError, match=r"no scaling 'minmx' \(did you mean .*\?\); --scale takes .*none\."
    ):
        scaling.read("minmx")


def test_sources_pass_the_word_on(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not for a table"):
        table(tmp_path).encoder(TRAIN, "contrast")
    frame = pl.DataFrame({"t": ["a b", "b c"] * 10, "y": ["x", "z"] * 10})
    texts = text_from_frame(frame, ["y"], column="t")
    assert texts.encoder(np.arange(20)).task.classes == ("x", "z")
    with pytest.raises(UsageError, match="read as words"):
        texts.encoder(np.arange(20), "standardize")


def test_rows_that_cannot_be_scaled_are_refused() -> None:
    with pytest.raises(UsageError, match="finite numbers"):
        scaling.fit("standardize", np.array([[np.nan]]))
    with pytest.raises(UsageError, match=r"takes \(N, D\) numbers"):
        scaling.fit("min-max", np.zeros((2, 3, 4)))
    with pytest.raises(UsageError, match="fitted to 2 columns"):
        scaling.fit("min-max", np.eye(2)).transform(np.eye(3))
