"""idx files, the form in which MNIST and its kin ship: images and labels, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np

from gradwise.data.answers import class_target, several
from gradwise.data.examples import Array
from gradwise.data.images import ImageSource
from gradwise.data.memory import new_array
from gradwise.data.pixels import channels_first
from gradwise.errors import UsageError

# Third byte of the file to element type, all big-endian; the form is told on Yann LeCun's page on MNIST.
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_DEFLATE = 1032  # times that deflate can shrink bytes at most (zlib's technical details)
_AT_ONCE = 16 << 20  # bytes read at once


def is_idx(path: Path) -> bool:
    """Whether a name looks like an idx file, e.g. ``train-images-idx3-ubyte.gz``."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(("ubyte", ".idx")) or any(f"idx{n}" in name for n in (1, 2, 3, 4))


def open_idx(path: Path) -> ImageSource:
    """Images with the labels beside them.

    Args:
        path: a file of images (``...images-idx3-ubyte``, also ``.gz``), or a folder that holds
            ``train-images...`` and its labels; a test pair (``t10k-...``) in it is told of, not read.

    Raises:
        UsageError: not there, not idx, cut short, or other labels than images.
    """
    images, note = (_in_folder(path), _other_pair(path)) if path.is_dir() else (path, "")
    labels = _labels_beside(images)
    raw = read_idx(images)
    if raw.ndim not in (3, 4):
        raise UsageError(
            f"{images} holds an array of {raw.ndim} axes; expected images, which have 3 or 4: give the file "
            "of images, its labels are found beside it."
        )
    if not raw.size:
        raise UsageError(f"{images} holds no images ({' × '.join(map(str, raw.shape))}).")
    answers = None if labels is None else read_idx(labels)
    if answers is not None and answers.shape != (len(raw),):
        raise UsageError(
            f"{images.name} holds {len(raw):,} images, but {labels} holds {answers.shape[0]:,} labels; "
            "one of the files is of another set."
        )
    target = None if answers is None else class_target(map(str, answers.tolist()))
    missing = "" if labels else f"no labels beside {images.name} ({_label_name(images.name)} is looked for)"
    notes = tuple(line for line in (note, missing) if line)
    return ImageSource(channels_first(raw), target, _Numbered(len(raw)), notes=notes)


def read_idx(path: Path) -> Array:
    """The array of one idx file.

    Raises:
        UsageError: not there, not idx, cut short, too long, or broken gzip.
    """
    with _reading(path), _opened(path) as file:
        start = file.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not 1 <= start[3] <= 8:
            raise UsageError(
                f"{path} is no idx file: it starts with {start.hex(' ') or 'nothing'}, where 00 00, a type "
                "(08 to 0e) and the number of axes are expected."
            )
        shape = struct.unpack(f">{start[3]}I", _exactly(file, 4 * start[3], path))
        _refuse_impossible(path, shape, np.dtype(TYPES[start[2]]).itemsize)
        array, _ = new_array(shape, TYPES[start[2]])
        flat = memoryview(array.reshape(-1).view(np.uint8).data)
        done = 0
        while done < len(flat):
            count = file.readinto(flat[done : done + _AT_ONCE])  # type: ignore[attr-defined]
            if not count:
                raise UsageError(
                    f"{path} is cut short: its head promises {' × '.join(map(str, shape))} values, but "
                    f"{len(flat) - done:,} of {len(flat):,} bytes are missing; fetch it again."
                )
            done += count
        if file.read(1):
            raise UsageError(f"{path} goes on after its {len(flat):,} bytes of values; fetch it again.")
    return array if array.dtype.itemsize == 1 else array.astype(array.dtype.newbyteorder("="))


class _Numbered(Sequence[str]):
    """Names of images that have none, made when asked for."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> list[str]: ...
    def __getitem__(self, row: int | slice) -> str | list[str]:
        found = range(self._count)[row]
        return f"image {found + 1}" if isinstance(found, int) else [f"image {i + 1}" for i in found]


def _in_folder(folder: Path) -> Path:
    found = [file for file in sorted(folder.iterdir()) if is_idx(file) and "images" in file.name.lower()]
    train = [file for file in found if "train" in file.name.lower()]
    chosen = train or found
    plain = {
        file.name.lower().removesuffix(".gz"): file for file in reversed(chosen)
    }  # unzipped before zipped
    if not plain:
        raise UsageError(f"{folder} holds no idx images; train-images-idx3-ubyte or its .gz is looked for.")
    if len(plain) > 1:
        raise UsageError(
            f"{folder} holds several files of images ({several(list(plain))}); give one of them."
        )
    return next(iter(plain.values()))


def _other_pair(folder: Path) -> str:
    tests = [file.name for file in sorted(folder.iterdir()) if is_idx(file) and _is_test(file.name.lower())]
    return f"beside them lies a test set, not read: {several(tests)}" if tests else ""


def _is_test(name: str) -> bool:
    return "images" in name and ("t10k" in name or "test" in name)


def _label_name(name: str) -> str:
    return name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")


def _labels_beside(images: Path) -> Path | None:
    """The labels of a file of images, zipped or not; None where there are none."""
    if "images" not in images.name:
        return None
    name = _label_name(images.name)
    other = name.removesuffix(".gz") if name.endswith(".gz") else name + ".gz"
    return next((images.parent / file for file in (name, other) if (images.parent / file).is_file()), None)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"  # by content: many a copy is unzipped, but still called .gz
    return gzip.open(path, "rb") if zipped else path.open("rb")  # type: ignore[return-value]


def _exactly(file: BinaryIO, count: int, path: Path) -> bytes:
    read = file.read(count)
    if len(read) < count:
        raise UsageError(f"{path} is cut short inside its head; fetch it again.")
    return read


def _refuse_impossible(path: Path, shape: tuple[int, ...], size: int) -> None:
    """A head that promises more than the file can hold would take memory for nothing."""
    if math.prod(shape) * size > path.stat().st_size * _DEFLATE:
        raise UsageError(
            f"{path} is damaged: its head promises {' × '.join(map(str, shape))} values, but the file "
            f"has {path.stat().st_size:,} bytes; fetch it again."
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} does not exist; give a file of images in idx form or its folder."
        ) from error
    except IsADirectoryError as error:
        raise UsageError(f"{path} is a folder; expected an idx file.") from error
    except (OSError, EOFError, zlib.error) as error:  # gzip raises all three on broken files
        raise UsageError(f"{path} cannot be read: {error}.") from error
