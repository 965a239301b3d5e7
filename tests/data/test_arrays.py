"""NumPy files: which array is what, which shape means what, and what is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris

from gradwise.data.array_table import encoder_from
from gradwise.data.arrays import open_arrays, source_of
from gradwise.errors import UsageError
from tests.data.pictures import DIGITS, LABELS

IRIS = load_iris()
ROWS = np.arange(0, 150, 2)


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def npy(folder: Path, name: str, array: Any) -> Path:
    np.save(folder / name, array)
    return folder / name


def test_a_table_is_standardised_on_the_training_rows(tmp_path: Path) -> None:
    source = open_arrays(npz(tmp_path, x=IRIS.data, y=IRIS.target))
    assert (source.kind, len(source)) == ("table", 150)
    np.testing.assert_array_equal(source.strata(), IRIS.target)
    encoder = source.encoder(ROWS)
    assert encoder.shape() == {"numbers": 4, "categories": ()}
    examples = encoder.transform(source, ROWS)
    assert examples.inputs["numbers"].dtype == np.float32
    assert examples.inputs["categories"].shape == (75, 0)
    np.testing.assert_allclose(examples.inputs["numbers"].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(examples.inputs["numbers"].std(0), 1, atol=1e-5)
    whole = encoder.transform(source).inputs["numbers"]
    expected = (IRIS.data - IRIS.data[ROWS].mean(0)) / IRIS.data[ROWS].std(0)
    np.testing.assert_allclose(whole, expected, atol=1e-5)
    np.testing.assert_array_equal(examples.target, IRIS.target[ROWS])


def test_state_goes_through_json(tmp_path: Path) -> None:
    source = open_arrays(npz(tmp_path, x=IRIS.data, y=IRIS.target))
    encoder = source.encoder(ROWS)
    assert encoder_from(json.loads(json.dumps(encoder.state()))) == encoder


def test_gaps_and_constants_become_zero() -> None:
    x = IRIS.data.copy()
    x[4, 1] = np.nan
    x = np.column_stack([x, np.full(150, 0.1)])
    encoder = source_of(x, IRIS.target).encoder(np.arange(150))
    numbers = encoder.transform(source_of(x, IRIS.target)).inputs["numbers"]
    assert numbers[4, 1] == 0
    assert not numbers[:, 4].any()
    assert encoder.shift[1] == pytest.approx(np.nanmean(x[:, 1]))
    assert {choice.name for choice in encoder.choices} >= {"missing", "constant-columns"}
    assert any("1 cells" in line for line in source_of(x, IRIS.target).describe())


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("x", "y"), "x"),
        (("X_train", "y_train"), "X_train"),
        (("data", "labels"), "data"),
        (("features", "target"), "features"),
        (("strange", "y"), "strange"),
    ],
)
def test_usual_names_are_found(tmp_path: Path, names: tuple[str, str], found: str) -> None:
    source = open_arrays(npz(tmp_path, **{names[0]: IRIS.data, names[1]: IRIS.target}))
    assert source.strata() is not None
    np.testing.assert_array_equal(source.values, IRIS.data)


def test_a_target_of_any_name_and_unused_arrays(tmp_path: Path) -> None:
    path = npz(tmp_path, x=IRIS.data, y=np.zeros(150), species=IRIS.target, x_test=IRIS.data[:3])
    source = open_arrays(path, "species")
    np.testing.assert_array_equal(source.strata(), IRIS.target)
    assert any(choice.name == "unused" and "x_test" in choice.value for choice in source.choices)


@pytest.mark.parametrize(
    ("answers", "kind", "outputs"),
    [
        (IRIS.target_names[IRIS.target], "classes", 3),
        (IRIS.target == 1, "classes", 2),
        (IRIS.target[:, None], "classes", 3),
        (np.eye(3)[IRIS.target], "classes", 3),
        (np.column_stack([IRIS.target == 1, IRIS.target > 0]).astype(int), "labels", 2),
        (IRIS.data[:, 0] * 1.7, "numbers", 1),
        (IRIS.data[:, :2] * 1.7, "numbers", 2),
    ],
)
def test_kinds_of_targets(answers: Any, kind: str, outputs: int) -> None:
    source = source_of(IRIS.data, answers)
    encoder = source.encoder(np.arange(150))
    assert (encoder.task.kind, encoder.task.outputs) == (kind, outputs)
    target = encoder.transform(source).target
    assert target.shape == ((150,) if kind == "classes" else (150, outputs))
    if kind == "classes":
        assert np.bincount(target).tolist() == ([50] * 3 if outputs == 3 else [100, 50])


@pytest.mark.parametrize(
    ("inputs", "name", "kind", "shape"),
    [
        (DIGITS, "x", "images", (1, 8, 8)),
        (DIGITS[..., None], "x", "images", (1, 8, 8)),
        (np.stack([DIGITS] * 3, axis=-1), "x", "images", (3, 8, 8)),
        (np.stack([DIGITS] * 3, axis=1), "x", "images", (3, 8, 8)),
        (DIGITS / 255, "x", "images", (1, 8, 8)),
        (DIGITS[:, :7] / 255, "images", "images", (1, 7, 8)),
        (DIGITS[:, :7] / 255, "x", "series", (7, 8)),
        (DIGITS / 255, "series", "series", (8, 8)),
    ],
)
def test_shapes_tell_images_from_series(inputs: Any, name: str, kind: str, shape: tuple[int, ...]) -> None:
    source = source_of(inputs, LABELS, name=name)
    assert source.kind == kind
    encoder = source.encoder(np.arange(0, 1797, 2))
    examples = encoder.transform(source, np.arange(4))
    array = examples.inputs["pixels" if kind == "images" else "series"]
    assert array.shape == (4, *shape)
    assert encoder.choices[0].name == "data"
    assert examples.target.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "values",
    [
        DIGITS / 255,
        DIGITS / 255 * 2 - 1,
        DIGITS.astype(np.float32),
        DIGITS.astype(int),
        DIGITS.astype(np.uint16) * 257,
    ],
)
def test_pixels_of_any_range_become_bytes(values: Any) -> None:
    source = source_of(values, LABELS, name="images")
    encoder = source.encoder(np.arange(1797))
    np.testing.assert_array_equal(encoder.transform(source).inputs["pixels"][:, 0], DIGITS)
    dark = source_of(values[:50] // 4 if values.dtype.kind != "f" else values[:50], None, name="images")
    pixels = encoder.transform(dark).inputs["pixels"][
        :, 0
    ]  # the span is that of training, not of the new ones
    assert pixels.max() <= DIGITS[:50].max()


def test_npy_with_the_targets_beside_it(tmp_path: Path) -> None:
    path = npy(tmp_path, "x.npy", IRIS.data)
    npy(tmp_path, "y.npy", IRIS.target)
    np.testing.assert_array_equal(open_arrays(path).strata(), IRIS.target)
    path = npy(tmp_path, "train_images.npy", DIGITS)
    npy(tmp_path, "train_labels.npy", LABELS)
    np.testing.assert_array_equal(open_arrays(path).strata(), LABELS)
    path = npy(tmp_path, "iris.npy", IRIS.data)
    npy(tmp_path, "iris_labels.npy", IRIS.target)
    np.testing.assert_array_equal(open_arrays(path).strata(), IRIS.target)


def test_npy_with_the_target_as_last_column_or_named(tmp_path: Path) -> None:
    data = load_diabetes()
    path = npy(tmp_path, "both.npy", np.column_stack([data.data, data.target]))
    source = open_arrays(path, "last")
    encoder = source.encoder(np.arange(442))
    assert encoder.shape()["numbers"] == 10
    assert encoder.task.shift == pytest.approx((data.target.mean(),))
    npy(tmp_path, "progress.npy", data.target)
    assert len(open_arrays(npy(tmp_path, "a.npy", data.data), "progress")) == 442


def test_without_targets_it_is_enough_to_predict(tmp_path: Path) -> None:
    encoder = source_of(IRIS.data, IRIS.target).encoder(ROWS)
    source = open_arrays(npy(tmp_path, "new.npy", IRIS.data))
    assert encoder.transform(source).target is None
    with pytest.raises(UsageError, match="no target is known.*--target"):
        source.encoder(ROWS)


def test_rows_without_a_target_are_left_out() -> None:
    y = IRIS.data[:, 0].copy() * 1.7
    y[[3, 5]] = np.nan
    source = source_of(IRIS.data, y)
    assert len(source) == 148
    np.testing.assert_array_equal(source.values[3], IRIS.data[4])


class _Opens:
    """Says so when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        return Path.touch, (Path("opened"),)


def _objects(folder: Path) -> Path:
    np.save(folder / "x.npy", np.array([_Opens(), None], dtype=object), allow_pickle=True)
    return folder / "x.npy"


def _archive_of_objects(folder: Path) -> Path:
    np.savez(folder / "a.npz", x=np.array([{}, None], dtype=object))
    return folder / "a.npz"


def _text(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text("a,b\n1,2\n")
        return folder / name

    return make


def _misnamed(folder: Path) -> Path:
    npy(folder, "x.npy", IRIS.data)
    return (folder / "x.npy").rename(folder / "x.npz")


def _cut(folder: Path) -> Path:
    path = npz(folder, x=IRIS.data, y=IRIS.target)
    path.write_bytes(path.read_bytes()[:2000])
    return path


def _no_array(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "a.npz", "w") as archive:
        archive.writestr("x.npy", "hello")
    return folder / "a.npz"


def _folder(folder: Path) -> Path:
    (folder / "a.npz").mkdir()
    return folder / "a.npz"


@pytest.mark.parametrize(
    ("make", "target", "words"),
    [
        (lambda folder: folder / "gone.npz", None, "does not exist"),
        (_folder, None, "is a folder"),
        (_text("a.npz"), None, "no NumPy file or damaged"),
        (_text("a.npy"), None, "no NumPy file or damaged"),
        (_cut, None, "no NumPy file or damaged"),
        (_no_array, None, "no NumPy file or damaged"),
        (_misnamed, None, "holds a single array.*call it .npy"),
        (_objects, None, "Python objects, which may run code"),
        (_archive_of_objects, None, "array 'x' .* Python objects"),
        (lambda f: npz(f), None, "holds no array"),
        (
            lambda f: npz(f, a=IRIS.data, b=IRIS.data),
            None,
            "no array that is called like inputs .* a, b: rename",
        ),
        (lambda f: npz(f, x=IRIS.data, y=IRIS.target), "specis", "holds no array 'specis'"),
        (lambda f: npz(f, x=IRIS.data, y=IRIS.target[:-1]), None, "150 rows, but its targets 149"),
        (lambda f: npz(f, x=IRIS.target, y=IRIS.target), None, r"has the shape \(150,\); expected"),
        (lambda f: npz(f, x=np.zeros((2, 1, 1, 1, 1)), y=[0, 1]), None, "has the shape"),
        (lambda f: npz(f, x=np.zeros((0, 4)), y=[]), None, "is empty"),
        (lambda f: npz(f, x=np.array([["a"], ["b"]]), y=[0, 1]), None, "holds <U1 values; expected numbers"),
        (lambda f: npz(f, x=IRIS.data * 1j, y=IRIS.target), None, "complex128 values"),
        (
            lambda f: npz(f, x=np.where(np.arange(150) == 7, np.inf, 1.0)[:, None], y=IRIS.target),
            None,
            "row 8 .*inf",
        ),
        (
            lambda f: npz(f, images=np.full((2, 4, 4), np.nan), y=[0, 1]),
            None,
            "image 1 of array 'images' holds NaN",
        ),
        (lambda f: npz(f, x=IRIS.data, y=np.zeros((150, 2, 2))), None, "targets have the shape"),
        (lambda f: npz(f, x=IRIS.data, y=np.full(150, np.nan)), None, "empty in all 150 rows"),
        (lambda f: npy(f, "x.npy", IRIS.data), "labels", "names neither labels.npy beside x.npy nor 'last'"),
        (lambda f: npy(f, "x.npy", DIGITS), "last", "takes the last column of a table"),
    ],
)
def test_bad_files_are_told_in_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], Path],
    target: str | None,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words):
        open_arrays(make(tmp_path), target)
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize(
    ("inputs", "answers", "words"),
    [
        (IRIS.data, np.zeros(150, int), "holds only '0'; at least two classes"),
        (IRIS.data, np.full(150, 0.5), "0.5 in every row"),
        (
            np.column_stack([IRIS.data, np.full(150, np.nan)]),
            IRIS.target,
            "column 5 of the array has no value",
        ),
    ],
)
def test_what_cannot_be_learnt_is_told(inputs: Any, answers: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        source_of(inputs, answers).encoder(np.arange(150))


def test_other_columns_than_in_training() -> None:
    encoder = source_of(IRIS.data, IRIS.target).encoder(ROWS)
    with pytest.raises(UsageError, match="trained on 4 columns, but this array has 3"):
        encoder.transform(source_of(IRIS.data[:, :3], None))
    with pytest.raises(UsageError, match="trained on an array of 4 columns, not on"):
        encoder.transform(source_of(DIGITS, None))
