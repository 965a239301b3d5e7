"""idx files as MNIST ships, whole and broken."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradwise.data import memory
from gradwise.data.idx import is_idx, open_idx, read_idx
from gradwise.errors import UsageError
from tests.data.pictures import DIGITS, LABELS, write_idx

TRAIN = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def mnist(folder: Path, names: tuple[str, str] = TRAIN, rows: slice = slice(200)) -> Path:
    folder.mkdir(exist_ok=True)
    write_idx(folder / names[0], DIGITS[rows])
    write_idx(folder / names[1], LABELS[rows].astype(np.uint8))
    return folder


def zipped(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    return packed


@pytest.mark.parametrize("pack", [False, True])
def test_a_folder_as_it_ships(tmp_path: Path, pack: bool) -> None:
    folder = mnist(mnist(tmp_path / "mnist"), TEST, slice(200, 230))
    if pack:
        for file in sorted(folder.iterdir()):
            zipped(file)
    source = open_idx(folder)
    np.testing.assert_array_equal(source.pixels, DIGITS[:200, None])
    encoder = source.encoder(np.arange(150))
    assert encoder.task.classes == tuple("0123456789")
    examples = encoder.transform(source, np.arange(150, 200))
    np.testing.assert_array_equal(examples.target, LABELS[150:200])
    np.testing.assert_array_equal(examples.inputs["pixels"][:, 0], DIGITS[150:200])
    assert any("t10k-images-idx3-ubyte" in line for line in source.describe())


def test_the_same_content_has_the_same_fingerprint(tmp_path: Path) -> None:
    plain = open_idx(mnist(tmp_path / "a")).fingerprint()
    folder = mnist(tmp_path / "b")
    assert open_idx(zipped(folder / TRAIN[0])).fingerprint() == plain
    assert open_idx(mnist(tmp_path / "c", rows=slice(1, 201))).fingerprint() != plain


def test_a_file_finds_its_labels_zipped_or_not(tmp_path: Path) -> None:
    folder = mnist(mnist(tmp_path / "m"), TEST, slice(200, 230))
    zipped(folder / TEST[1])
    source = open_idx(folder / TEST[0])
    assert len(source) == 30
    assert source.encoder(np.arange(30)).transform(source).target.tolist() == LABELS[200:230].tolist()


def test_images_without_labels_are_enough_to_predict(tmp_path: Path) -> None:
    folder = mnist(tmp_path / "m")
    encoder = open_idx(folder).encoder(np.arange(200))
    (folder / TRAIN[1]).unlink()
    source = open_idx(folder)
    assert source.strata() is None
    assert encoder.transform(source).target is None
    assert any("train-labels-idx1-ubyte" in line for line in source.describe())
    with pytest.raises(UsageError, match="no target is known"):
        source.encoder(np.arange(200))


def test_colours_and_other_types(tmp_path: Path) -> None:
    colours = np.stack([DIGITS[:5]] * 3, axis=-1)
    assert open_idx(write_idx(tmp_path / "a-images-idx4-ubyte", colours)).pixels.shape == (5, 3, 8, 8)
    for code, kind in ((0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4"), (0x0E, "f8"), (0x09, "i1")):
        values = (DIGITS[:3].astype(kind) - 3).astype(kind)
        read = read_idx(write_idx(tmp_path / f"{kind}.idx", values, code))
        assert read.dtype == np.dtype(kind)
        np.testing.assert_array_equal(read, values)


def test_images_beyond_memory_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    source = open_idx(mnist(tmp_path / "m"))
    assert isinstance(source.encoder(np.arange(200)).transform(source).inputs["pixels"], np.memmap)
    np.testing.assert_array_equal(source.pixels[:, 0], DIGITS[:200])


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("train-images-idx3-ubyte.gz", True),
        ("t10k-images.idx3-ubyte", True),
        ("data.csv", False),
        ("a.npy", False),
    ],
)
def test_names_of_idx_files(name: str, answer: bool) -> None:
    assert is_idx(Path(name)) is answer


HEAD = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 8, 8)


def _two_sets(folder: Path) -> Path:
    mnist(folder, ("emnist-a-train-images-idx3-ubyte", "emnist-a-train-labels-idx1-ubyte"))
    return mnist(folder, ("emnist-b-train-images-idx3-ubyte", "emnist-b-train-labels-idx1-ubyte"))


def _fewer_labels(folder: Path) -> Path:
    write_idx(folder / TRAIN[1], np.zeros(7, np.uint8))
    return write_idx(folder / TRAIN[0], DIGITS[:8])


def _file(content: bytes, name: str = TRAIN[0]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder, "holds no idx images; train-images-idx3-ubyte"),
        (lambda folder: folder / "none-images-idx3-ubyte", "does not exist"),
        (_file(b""), "is no idx file: it starts with nothing"),
        (_file(b"id,x,y\n1,2,3\n"), "is no idx file: it starts with 69 64 2c 78"),
        (_file(HEAD[:9]), "cut short inside its head"),
        (_file(HEAD + bytes(100)), "promises 2 × 8 × 8 values, but 28 of 128 bytes are missing"),
        (_file(HEAD + bytes(130)), "goes on after its 128 bytes"),
        (_file(bytes([0, 0, 8, 3]) + b"\xff" * 12 + bytes(9)), "is damaged: its head promises 4294967295"),
        (_file(gzip.compress(HEAD + bytes(128))[:-9], TRAIN[0] + ".gz"), "cannot be read"),
        (_file(b"\x1f\x8b" + bytes(30), TRAIN[0] + ".gz"), "cannot be read"),
        (_file(bytes([0, 0, 8, 3]) + struct.pack(">3I", 0, 8, 8)), "holds no images"),
        (lambda folder: mnist(folder / "m") / TRAIN[1], "array of 1 axes; expected images"),
        (_fewer_labels, "holds 8 images, but .* holds 7 labels"),
        (_two_sets, "several files of images .*give one of them"),
    ],
)
def test_bad_files_are_told_in_one_sentence(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        open_idx(make(tmp_path))


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder; expected an idx file"):
        read_idx(tmp_path)
