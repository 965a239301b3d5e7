"""Folders of images: classes, sizes, colours, and everything that can be wrong with the files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from gradwise.data import images, memory
from gradwise.data.images import encoder_from, images_from_frame, open_images
from gradwise.errors import UsageError
from tests.data.pictures import DIGITS, LABELS, digit_folder, photo


def test_folders_are_classes(tmp_path: Path) -> None:
    source = open_images(digit_folder(tmp_path / "d"))
    assert len(source) == 12
    assert source.kind == "images"
    assert source.strata().tolist() == [0] * 4 + [1] * 4 + [2] * 4
    encoder = source.encoder(np.arange(12))
    assert encoder.task.classes == ("digit0", "digit1", "digit2")
    examples = encoder.transform(source, np.array([5, 0]))
    rows = [np.flatnonzero(LABELS == 1)[1], np.flatnonzero(LABELS == 0)[0]]
    np.testing.assert_array_equal(examples.inputs["pixels"], DIGITS[rows][:, None])
    assert examples.inputs["pixels"].dtype == np.uint8
    assert examples.target.tolist() == [1, 0]


def test_mean_and_deviation_are_of_the_training_rows(tmp_path: Path) -> None:
    source = open_images(digit_folder(tmp_path / "d"))
    shape = source.encoder(np.array([0, 5, 9])).shape()
    kept = source.pixels[[0, 5, 9]] / 255
    assert shape == {
        "channels": 1,
        "height": 8,
        "width": 8,
        "mean": pytest.approx((kept.mean(),), abs=1e-6),
        "std": pytest.approx((kept.std(),), abs=1e-6),
    }


def test_state_goes_through_json(tmp_path: Path) -> None:
    source = open_images(digit_folder(tmp_path / "d"), target="digit")
    encoder = source.encoder(np.arange(12))
    again = encoder_from(json.loads(json.dumps(encoder.state())))
    assert again == encoder
    assert again.task.targets == ("digit",)


def test_description_and_fingerprint(tmp_path: Path) -> None:
    folder = digit_folder(tmp_path / "d")
    (folder / "digit0" / "notes.txt").write_text("hello")
    (folder / "empty").mkdir()
    source = open_images(folder)
    said = "\n".join(source.describe())
    assert "12 images, 8 × 8" in said
    assert "digit0 4" in said
    assert "notes.txt" in said
    assert "empty" in said
    before = source.fingerprint()
    assert open_images(folder).fingerprint() == before
    Image.fromarray(255 - DIGITS[0]).save(next((folder / "digit1").glob("*.png")))
    assert open_images(folder).fingerprint() != before


def test_a_class_of_one_image_is_told(tmp_path: Path) -> None:
    folder = digit_folder(tmp_path / "d")
    (folder / "rare").mkdir()
    Image.fromarray(DIGITS[9]).save(folder / "rare" / "only.png")
    assert any("only one image of rare" in line for line in open_images(folder).describe())


def test_deeper_folders_belong_to_the_class_above(tmp_path: Path) -> None:
    folder = digit_folder(tmp_path / "d")
    (folder / "digit0" / "scan" / "a").mkdir(parents=True)
    Image.fromarray(DIGITS[0]).save(folder / "digit0" / "scan" / "a" / "x.PNG")
    (folder / "digit0" / ".ipynb_checkpoints").mkdir()
    Image.fromarray(DIGITS[0]).save(folder / "digit0" / ".ipynb_checkpoints" / "x.png")
    source = open_images(folder)
    assert len(source) == 13
    assert np.bincount(source.strata()).tolist() == [5, 4, 4]


def test_most_common_size_wins(tmp_path: Path) -> None:
    folder = digit_folder(tmp_path / "d")
    Image.fromarray(DIGITS[0]).resize((16, 12)).save(folder / "digit0" / "big.png")
    source = open_images(folder)
    assert source.pixels.shape == (13, 1, 8, 8)
    (choice,) = source.choices
    assert (choice.name, choice.value) == ("image-size", "8×8")
    assert "12 of 13" in choice.reason


def test_median_size_where_none_is_common_and_large_ones_shrink(tmp_path: Path) -> None:
    for i, side in enumerate((300, 400, 500, 600, 700)):
        (tmp_path / f"c{i % 2}").mkdir(exist_ok=True)
        photo(side, 2 * side).save(tmp_path / f"c{i % 2}" / f"{i}.jpg")
    source = open_images(tmp_path)
    assert source.pixels.shape == (5, 3, 112, 224)
    assert "median" in source.choices[0].reason
    assert "500×1000" in source.choices[0].reason


def test_grey_and_coloured_become_rgb(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    photo().save(tmp_path / "a" / "0.png")
    photo().convert("L").save(tmp_path / "b" / "0.png")
    source = open_images(tmp_path)
    assert source.pixels.shape[1] == 3
    assert source.choices[0].value == "RGB"
    np.testing.assert_array_equal(source.pixels[0], np.asarray(photo()).transpose(2, 0, 1))
    np.testing.assert_array_equal(source.pixels[1, 0], source.pixels[1, 2])


def test_rgb_files_without_colour_become_grey(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(DIGITS[ord(name)]).convert("RGB").save(tmp_path / name / "0.png")
    source = open_images(tmp_path)
    assert source.pixels.shape == (2, 1, 8, 8)
    assert source.choices[0].value == "grey"


def test_transparent_parts_are_laid_on_white(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    picture = np.zeros((4, 4, 4), np.uint8)
    picture[:2] = (200, 100, 50, 255)
    Image.fromarray(picture).save(tmp_path / "a" / "rgba.png")
    palette = Image.fromarray(picture[..., :3]).quantize(4)
    palette.save(tmp_path / "a" / "palette.png", transparency=palette.getpixel((0, 3)))
    source = open_images(tmp_path)
    assert source.pixels[:, :, 0, 0].tolist() == [[200, 100, 50]] * 2
    assert source.pixels[:, :, 3, 3].tolist() == [[255, 255, 255]] * 2
    assert [choice.value for choice in source.choices] == ["on white"]


def test_orientation_of_the_camera_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera lay on its side: turn by 90 degrees to the right
    photo(20, 30).save(tmp_path / "a" / "0.jpg", exif=turned, quality=95)
    source = open_images(tmp_path)
    assert source.pixels.shape == (1, 3, 30, 20)
    upright = np.asarray(photo(20, 30).rotate(-90, expand=True)).transpose(2, 0, 1)
    assert np.abs(source.pixels[0].astype(int) - upright).mean() < 6


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.fromarray(DIGITS[3].astype(np.uint16) * 257).save(tmp_path / "a" / "0.png")
    np.testing.assert_array_equal(open_images(tmp_path).pixels[0, 0], DIGITS[3])


@pytest.mark.parametrize("ending", ["bmp", "gif", "webp", "jpeg", "tiff", "PNG"])
def test_every_format_is_read(tmp_path: Path, ending: str) -> None:
    (tmp_path / "a").mkdir()
    big = Image.fromarray(DIGITS[0]).resize((32, 32))
    big.save(tmp_path / "a" / f"0.{ending}")
    pixels = open_images(tmp_path).pixels[0, 0]
    assert np.abs(pixels.astype(int) - np.asarray(big)).mean() < 4


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    first, second = (Image.fromarray(DIGITS[i]) for i in (0, 1))
    first.save(tmp_path / "a" / "0.gif", save_all=True, append_images=[second])
    source = open_images(tmp_path)
    assert np.abs(source.pixels[0, 0].astype(int) - DIGITS[0]).max() < 8
    assert any("first frame" in line for line in source.describe())


def test_a_few_broken_files_are_left_out_and_named(tmp_path: Path) -> None:
    folder = digit_folder(tmp_path / "d", classes=2, each=120)
    files = sorted((folder / "digit0").glob("*.png"))
    files[3].write_bytes(b"")
    files[7].write_bytes(files[7].read_bytes()[:60])  # the head is whole, the pixels are not
    whole = [int(file.stem) for file in sorted(folder.glob("*/*.png")) if file not in (files[3], files[7])]
    source = open_images(folder)
    np.testing.assert_array_equal(source.pixels[:, 0], DIGITS[whole])
    assert np.bincount(source.strata()).tolist() == [118, 120]
    (choice,) = source.choices
    assert choice.value == "left out"
    assert f"{files[3].name} is empty" in choice.reason
    assert f"{files[7].name} is damaged" in choice.reason


def test_other_sizes_are_fitted_for_prediction(tmp_path: Path) -> None:
    small = open_images(digit_folder(tmp_path / "d"))
    encoder = small.encoder(np.arange(12))
    (tmp_path / "new").mkdir()
    Image.fromarray(DIGITS[0]).resize((80, 40)).convert("RGB").save(tmp_path / "new" / "one.png")
    photo().save(tmp_path / "new" / "two.png")
    new = open_images(tmp_path / "new")
    examples = encoder.transform(new)
    assert examples.inputs["pixels"].shape == (2, 1, 8, 8)
    assert examples.target is None
    assert new.names == ("one.png", "two.png")


def test_pixels_beyond_memory_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = digit_folder(tmp_path / "d")
    inside = open_images(folder)
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    source = open_images(folder)
    assert isinstance(source.pixels, np.memmap)
    assert source.choices[-1].value == "in a temporary file"
    encoder = source.encoder(np.arange(12))
    part = encoder.transform(source, np.arange(11, 0, -1)).inputs["pixels"]
    assert isinstance(part, np.memmap)
    np.testing.assert_array_equal(part, inside.pixels[11:0:-1])


def test_a_table_of_paths(tmp_path: Path) -> None:
    digit_folder(tmp_path / "d")
    files = sorted(str(file.relative_to(tmp_path)) for file in (tmp_path / "d").glob("*/*.png"))
    frame = pl.DataFrame({"file": files, "kind": ["even", "odd", "even"] * 4, "size": np.arange(12) * 1.5})
    source = images_from_frame(frame, "file", ["kind"], tmp_path)
    assert source.encoder(np.arange(12)).transform(source).target.tolist() == [0, 1, 0] * 4
    numbers = images_from_frame(frame, "file", ["size"], tmp_path)
    assert numbers.strata() is None
    assert any(choice.name == "left-out" and choice.value == "kind" for choice in numbers.choices)
    encoder = numbers.encoder(np.arange(6))
    assert encoder.task.kind == "numbers"
    assert encoder.transform(numbers, np.arange(6)).target.mean() == pytest.approx(0, abs=1e-6)
    assert images_from_frame(frame, "file", [], tmp_path).encoder is not None


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    digit_folder(tmp_path / "d")
    files = sorted(str(file) for file in (tmp_path / "d").glob("*/*.png"))
    frame = pl.DataFrame({"file": files, "kind": ["a", "b", None] * 4})
    source = images_from_frame(frame, "file", ["kind"], tmp_path)
    assert len(source) == 8
    assert any(choice.name == "rows-left-out" for choice in source.choices)


def _make(tmp_path: Path, what: str) -> Path:
    folder = tmp_path / "data"
    if what == "nothing":
        return folder
    if what == "file":
        folder.write_text("a,b\n")
        return folder
    folder.mkdir()
    if what == "parts":
        digit_folder(folder / "train")
        digit_folder(folder / "test")
    if what == "text":
        (folder / "cat").mkdir()
        (folder / "cat" / "a.txt").write_text("no picture")
    if what in ("zero", "liar", "cut"):
        digit_folder(folder / "x")
        bad = folder / "x" / "digit0" / "bad.png"
        whole = next((folder / "x" / "digit1").glob("*.png")).read_bytes()
        bad.write_bytes({"zero": b"", "liar": b"%PDF-1.7 not a picture", "cut": whole[:60]}[what])
        return folder / "x"
    return folder


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("nothing", "data does not exist; expected a folder"),
        ("file", "data is a file; expected a folder"),
        ("empty", "data holds no images"),
        ("text", "data holds no images"),
        ("parts", "parts of a split.*give one of them"),
        ("zero", "1 of 13 image files.*bad.png is empty"),
        ("liar", "1 of 13 image files.*bad.png is no image"),
        ("cut", "1 of 13 image files.*bad.png is damaged"),
    ],
)
def test_bad_folders_are_told_in_one_sentence(tmp_path: Path, what: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        open_images(_make(tmp_path, what))


def _one_class(top: Path) -> None:
    source = open_images(digit_folder(top / "d", classes=1))
    source.encoder(np.arange(len(source)))


def _no_classes(top: Path) -> None:
    digit_folder(top / "d")
    source = open_images(top / "d" / "digit0")
    source.encoder(np.arange(len(source)))


def _one_colour(top: Path) -> None:
    for name in "ab":
        (top / name).mkdir()
        Image.new("L", (8, 8), 7).save(top / name / "0.png")
    open_images(top).encoder(np.arange(2))


def _new_class(top: Path) -> None:
    encoder = open_images(digit_folder(top / "two", classes=2)).encoder(np.arange(8))
    encoder.transform(open_images(digit_folder(top / "three", classes=3)))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (_one_class, "holds only 'digit0'; at least two classes"),
        (_no_classes, "no target is known.*one folder per class"),
        (_one_colour, "all 2 training images are one and the same colour"),
        (_new_class, "holds 'digit2', which training did not see"),
    ],
)
def test_what_cannot_be_learnt_is_told(tmp_path: Path, act: Callable[[Path], None], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        act(tmp_path)


@pytest.mark.parametrize(
    ("cells", "targets", "words"),
    [
        (
            ["d/a.png", "../secret.png"],
            ["y"],
            "row 2 of column 'file' names '../secret.png', which lies outside",
        ),
        (["d/a.png", "/etc/passwd"], ["y"], "row 2 .* lies outside"),
        (["d/a.png", "link/secret.png"], ["y"], "row 2 .* lies outside"),
        (["d/a.png", "..\\secret.png"], ["y"], "row 2 .* lies outside"),
        (["d/a.png", None], ["y"], "row 2 has no image path"),
        (["d/a.png", " "], ["y"], "row 2 has no image path"),
        (["d/a.png", "d/\0.png"], ["y"], "row 2 .* NUL"),
        (["d/a.png", "d/gone.png"], ["y"], r"1 of 2 image files.*row 2 \(gone.png\) does not exist"),
        (["d/a.png", "d"], ["y"], r"row 2 \(d\) is a folder"),
        (["d/a.png", "d/a.png"], ["z"], "no target column 'z'"),
        (["d/a.png", "d/a.png"], ["file"], "cannot be the target too"),
    ],
)
def test_bad_paths_are_told_with_their_row(
    tmp_path: Path, cells: list[str | None], targets: list[str], words: str
) -> None:
    base = tmp_path / "base"
    (base / "d").mkdir(parents=True)
    photo().save(base / "d" / "a.png")
    photo().save(tmp_path / "secret.png")
    (base / "link").symlink_to(tmp_path)
    frame = pl.DataFrame({"file": cells, "y": ["a", "b"]})
    with pytest.raises(UsageError, match=words):
        images_from_frame(frame, "file", targets, base)


def test_a_missing_column_of_paths(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column 'path' of image paths; there are a, b"):
        images_from_frame(pl.DataFrame({"a": [1], "b": [2]}), "path", [], tmp_path)
    with pytest.raises(UsageError, match="has no rows"):
        images_from_frame(pl.DataFrame({"path": []}), "path", [], tmp_path)


def test_trained_on_images_given_something_else(tmp_path: Path) -> None:
    encoder = open_images(digit_folder(tmp_path / "d")).encoder(np.arange(12))
    deep = images.ImageSource(np.zeros((2, 13, 8, 8), np.uint8), None)
    with pytest.raises(UsageError, match="images of 1 channels, but these have 13"):
        encoder.transform(deep)
