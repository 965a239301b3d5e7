"""Reading ``.npz`` and ``.npy`` files: which array holds the inputs, which the targets."""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradwise.data.answers import several
from gradwise.data.examples import Array, Choice
from gradwise.errors import UsageError
from gradwise.registry import nearest

# Names that inputs and targets have in published archives, lower case; the earlier is preferred.
INPUTS = (
    "x",
    "x_train",
    "train_x",
    "data",
    "images",
    "features",
    "inputs",
    "train_images",
    "train_data",
    "series",
)
TARGETS = ("y", "y_train", "train_y", "labels", "label", "target", "targets", "train_labels", "classes")
# What NumPy and the zip module have been seen to raise on broken, locked or foreign files.
_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    EOFError,
    SyntaxError,
    KeyError,
    IndexError,
    OverflowError,
    MemoryError,
    RuntimeError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
LAST = "last"  # as --target of a .npy table: its last column


@dataclass(frozen=True, slots=True)
class Pair:
    """Inputs, targets, and what each is called."""

    inputs: Array
    name: str
    answers: Array | None
    choices: tuple[Choice, ...]


def read_npz(path: Path, target: str | None) -> Pair:
    """The arrays of an archive that are called like inputs and targets.

    Raises:
        UsageError: see `gradwise.data.arrays.open_arrays`.
    """
    with _loaded(path) as archive:
        if isinstance(archive, np.ndarray):
            raise UsageError(f"{path} holds a single array, not an archive of arrays; call it .npy.")
        names = archive.files
        x = _first(names, INPUTS, but=target)
        y = _named(names, target, path) if target else _first(names, TARGETS)
        rest = [name for name in names if name != y]
        if x is None and len(rest) == 1:
            x = rest[0]
        if x is None:
            raise UsageError(
                f"{path} holds no array that is called like inputs ({', '.join(INPUTS[:5])}); "
                f"it holds {several(names, 8) or 'nothing'}: rename one."
            )
        inputs, answers = _array(archive, x, path), None if y is None else _array(archive, y, path)
    unused = [name for name in names if name not in (x, y)]
    choices = [Choice("inputs", x, f"the first of the usual names in {path.name}")] if len(rest) > 1 else []
    if unused:
        choices.append(Choice("unused", several(unused), "neither inputs nor targets by their names"))
    return Pair(inputs, x, answers, tuple(choices))


def read_npy(path: Path, target: str | None) -> Pair:
    """One array, its targets beside it or in its last column.

    Raises:
        UsageError: see `gradwise.data.arrays.open_arrays`.
    """
    inputs = _read(path)
    if target is None:
        beside = next((file for file in _siblings(path) if file.is_file()), None)
        answers = None if beside is None else _read(beside)
        choices = () if beside is None else (Choice("target", beside.name, f"it lies beside {path.name}"),)
        return Pair(inputs, path.stem, answers, choices)
    if target == LAST:
        if inputs.ndim != 2 or inputs.shape[1] < 2:
            raise UsageError(
                f"--target {LAST} takes the last column of a table, but {path.name} has the shape "
                f"{inputs.shape}."
            )
        return Pair(inputs[:, :-1], path.stem, inputs[:, -1], ())
    file = path.parent / (target if target.endswith(".npy") else f"{target}.npy")
    if not file.is_file():
        raise UsageError(
            f"--target {target} names neither {file.name} beside {path.name} nor {LAST!r}, its last column."
        )
    return Pair(inputs, path.stem, _read(file), ())


def _siblings(path: Path) -> list[Path]:
    """Files in which the targets of ``path`` would lie."""
    stem = path.stem
    names = [f"{stem}_{word}" for word in ("y", "labels", "target", "targets")]
    pairs = [("x", "y"), ("X", "y"), ("images", "labels"), ("data", "labels"), ("data", "target")]
    pairs += [("features", "labels"), ("inputs", "targets")]
    for word, other in pairs:
        parts = [other if part == word else part for part in stem.split("_")]
        if word in stem.split("_"):
            names.append("_".join(parts))
    return [path.with_name(f"{name}.npy") for name in names if name != stem]


@contextmanager
def _loaded(path: Path) -> Iterator[Array | np.lib.npyio.NpzFile]:
    """What NumPy makes of a file, never unpickling; closed afterwards."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; expected a .npz or .npy file.")
    try:
        with path.open("rb") as file:
            yield np.load(file, allow_pickle=False)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; expected a .npz or .npy file.") from error
    except _BROKEN as error:
        raise UsageError(f"{path} {_why(error)}") from error


def _read(path: Path) -> Array:
    with _loaded(path) as loaded:
        if isinstance(loaded, np.ndarray):
            return loaded
    raise UsageError(f"{path} holds an archive of arrays, not a single one; call it .npz.")


def _array(archive: np.lib.npyio.NpzFile, name: str, path: Path) -> Array:
    try:
        array: Any = archive[name]
    except _BROKEN as error:
        raise UsageError(f"array {name!r} of {path} {_why(error)}") from error
    if isinstance(array, bytes):  # what is in the archive, but no array
        raise UsageError(f"array {name!r} of {path} {_why(ValueError())}")
    return np.asarray(array)


def _why(error: Exception) -> str:
    if "pickle" in str(error).lower() and "object array" in str(error).lower():
        return (
            "holds Python objects, which may run code when read; save numbers or fixed-length text instead."
        )
    if isinstance(error, MemoryError):
        return "says that it is larger than the memory; save fewer rows, or look whether it is damaged."
    return "is no NumPy file or damaged; save it again with numpy.savez or numpy.save."


def _first(names: Sequence[str], usual: Sequence[str], but: str | None = None) -> str | None:
    lower = {name.lower(): name for name in reversed(names) if name != but}
    return next((lower[name] for name in usual if name in lower), None)


def _named(names: Sequence[str], target: str, path: Path) -> str:
    if target not in names:
        raise UsageError(
            f"{path} holds no array {target!r}{nearest(target, names)}; it holds "
            f"{several(names, 8) or 'nothing'}."
        )
    return target
