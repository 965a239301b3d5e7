"""NumPy files: features, images or series in ``.npz`` and ``.npy`` files, never with pickled objects."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gradwise.data.answers import class_target, several
from gradwise.data.array_table import ArrayTable, encoder_from
from gradwise.data.examples import Array, Choice, Source
from gradwise.data.images import ImageSource
from gradwise.data.pixels import channels_first
from gradwise.data.series import SeriesSource
from gradwise.data.target import Target, take_target
from gradwise.errors import UsageError
from gradwise.registry import nearest

__all__ = ["ArrayTable", "encoder_from", "open_arrays", "source_of"]

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
LAST = "last"  # as --target of a .npy table: its last column
_PICTURES = ("images", "pixels")  # names that settle what three axes mean
_MOMENTS = ("series", "sequences")


@dataclass(frozen=True, slots=True)
class _Pair:
    """Inputs, targets, and what each is called."""

    inputs: Array
    name: str
    answers: Array | None
    choices: tuple[Choice, ...]


def open_arrays(path: Path, target: str | None = None, *, task: str = "auto") -> Source:
    """Inputs and targets of a NumPy file.

    Args:
        path: an ``.npz`` with arrays of the usual names (``x`` and ``y``, ``images`` and ``labels``, ...),
            or an
            ``.npy`` with the targets in a file beside it (``x.npy`` and ``y.npy``, ``a.npy`` and
            ``a_labels.npy``).
        target: name of the array of targets; of an ``.npy`` table: ``last`` for its last column.
        task: kind of the target, see `gradwise.data.target.take_target`.

    Returns:
        A table of (N, D) numbers; images of (N, H, W) bytes or squares, (N, H, W, C) or (N, C, H, W); series
        of any other (N, T, F).  Without targets where there are none, which is enough to predict.

    Raises:
        UsageError: not a NumPy file, pickled objects, no inputs, or lengths that differ.
    """
    pair = _from_npz(path, target) if path.suffix == ".npz" else _from_npy(path, target)
    return source_of(pair.inputs, pair.answers, name=pair.name, choices=pair.choices, task=task)


def source_of(
    inputs: Array,
    answers: Array | None,
    *,
    name: str = "x",
    choices: tuple[Choice, ...] = (),
    task: str = "auto",
) -> Source:
    """Arrays in memory as a source.

    Args:
        inputs: (N, D), (N, H, W), (N, H, W, C), (N, C, H, W) or (N, T, F) numbers.
        answers: (N,) or (N, K); None: unknown.
        name: of the inputs, in messages and to tell images from series.
        choices: made while reading.
        task: kind of the target.

    Raises:
        UsageError: no numbers, no rows, infinite values, too many axes, or lengths that differ.
    """
    inputs = _checked(inputs, name)
    if answers is not None and len(answers) != len(inputs):
        raise UsageError(
            f"array {name!r} holds {len(inputs):,} rows, but its targets {len(answers):,}; give one for each."
        )
    known, told = _target(answers, task)
    if known is not None and len(known.rows) < len(inputs):
        inputs = inputs[known.rows - 1]
    if inputs.ndim == 2:
        return ArrayTable(inputs, known, (*choices, *told))
    pictures, reason = _are_pictures(inputs, name)
    told = (*choices, Choice("data", "images" if pictures else "series", reason), *told)
    if not pictures:
        return SeriesSource.of_block(inputs, known, told)
    if inputs.dtype.kind == "f" and np.isnan(inputs).any():
        row = int(np.argmax(np.isnan(inputs.reshape(len(inputs), -1)).any(axis=1)))
        raise UsageError(
            f"image {row + 1} of array {name!r} holds NaN, which is no brightness; leave it out."
        )
    return ImageSource(channels_first(inputs), known, choices=told)


def _from_npz(path: Path, target: str | None) -> _Pair:
    with _loaded(path) as archive:
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
    return _Pair(inputs, x, answers, tuple(choices))


def _from_npy(path: Path, target: str | None) -> _Pair:
    inputs = _read(path)
    if target is None:
        beside = next((file for file in _siblings(path) if file.is_file()), None)
        answers = None if beside is None else _read(beside)
        choices = () if beside is None else (Choice("target", beside.name, f"it lies beside {path.name}"),)
        return _Pair(inputs, path.stem, answers, choices)
    if target == LAST:
        if inputs.ndim != 2 or inputs.shape[1] < 2:
            raise UsageError(
                f"--target {LAST} takes the last column of a table, but {path.name} has the shape "
                f"{inputs.shape}."
            )
        return _Pair(inputs[:, :-1], path.stem, inputs[:, -1], ())
    file = path.parent / (target if target.endswith(".npy") else f"{target}.npy")
    if not file.is_file():
        raise UsageError(
            f"--target {target} names neither {file.name} beside {path.name} nor {LAST!r}, its last column."
        )
    return _Pair(inputs, path.stem, _read(file), ())


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


def _loaded(path: Path) -> np.lib.npyio.NpzFile:
    loaded = _load(path)
    if isinstance(loaded, np.lib.npyio.NpzFile):
        return loaded
    raise UsageError(f"{path} holds a single array, not an archive of arrays; call it .npy.")


def _read(path: Path) -> Array:
    loaded = _load(path)
    if isinstance(loaded, np.ndarray):
        return loaded
    loaded.close()
    raise UsageError(f"{path} holds an archive of arrays, not a single one; call it .npz.")


def _load(path: Path) -> Array | np.lib.npyio.NpzFile:
    if path.is_dir():
        raise UsageError(f"{path} is a folder; expected a .npz or .npy file.")
    try:
        loaded: Array | np.lib.npyio.NpzFile = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise UsageError(f"{path} does not exist; expected a .npz or .npy file.") from error
    except (OSError, ValueError, EOFError, SyntaxError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} {_why(error)}") from error
    return loaded


def _array(archive: np.lib.npyio.NpzFile, name: str, path: Path) -> Array:
    try:
        return np.asarray(archive[name])
    except (OSError, ValueError, EOFError, SyntaxError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise UsageError(f"array {name!r} of {path} {_why(error)}") from error


def _why(error: Exception) -> str:
    if "pickle" in str(error).lower() and "object array" in str(error).lower():
        return (
            "holds Python objects, which may run code when read; save numbers or fixed-length text instead."
        )
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


def _checked(inputs: Array, name: str) -> Array:
    if inputs.dtype.kind not in "biuf":
        raise UsageError(f"array {name!r} holds {inputs.dtype} values; expected numbers.")
    if not 2 <= inputs.ndim <= 4:
        raise UsageError(
            f"array {name!r} has the shape {inputs.shape}; expected (rows, features), (rows, moments, "
            "features), "
            "(rows, height, width) or (rows, height, width, channels)."
        )
    if not inputs.size:
        raise UsageError(f"array {name!r} is empty: its shape is {inputs.shape}.")
    for start in range(0, len(inputs), 4096):
        block = inputs[start : start + 4096]
        if block.dtype.kind == "f" and np.isinf(block).any():
            row = start + int(np.argmax(np.isinf(block.reshape(len(block), -1)).any(axis=1)))
            raise UsageError(
                f"row {row + 1} of array {name!r} holds an infinite value; correct it or leave it out."
            )
    return inputs


def _target(answers: Array | None, task: str) -> tuple[Target | None, tuple[Choice, ...]]:
    """Targets from an array: (N,), (N, 1), one-hot (N, K), several labels or several numbers."""
    if answers is None:
        return None, ()
    if answers.ndim == 2 and answers.shape[1] == 1:
        answers = answers[:, 0]
    if answers.ndim not in (1, 2) or answers.dtype.kind not in "biufUS":
        raise UsageError(
            f"the targets have the shape {answers.shape} and hold {answers.dtype} values; expected "
            "one or several "
            "numbers or words for each row."
        )
    if answers.dtype.kind == "S":
        answers = np.char.decode(answers, "utf-8", "replace")
    if answers.ndim == 2 and task in ("auto", "classes") and _is_one_hot(answers):
        width = answers.shape[1]
        told = Choice("task", "classes", f"the targets are 0 but for a single 1 in each row of {width}")
        return class_target(map(str, np.argmax(answers, axis=1).tolist())), (told,)
    columns = (
        {"target": answers} if answers.ndim == 1 else {f"target {i + 1}": c for i, c in enumerate(answers.T)}
    )
    frame = pl.DataFrame({name: pl.Series(np.ascontiguousarray(values)) for name, values in columns.items()})
    _, target, choices = take_target(frame, tuple(columns), task)
    return target, choices


def _is_one_hot(answers: Array) -> bool:
    if answers.dtype.kind in "US" or answers.shape[1] < 2:
        return False
    return bool(((answers == 0) | (answers == 1)).all() and (answers.sum(axis=1) == 1).all())


def _are_pictures(inputs: Array, name: str) -> tuple[bool, str]:
    shape = " × ".join(map(str, inputs.shape[1:]))
    if inputs.ndim == 4:
        return True, f"each row of array {name!r} has the shape {shape}"
    if name.lower() in _MOMENTS:
        return False, f"the array is called {name!r}"
    if name.lower() in _PICTURES or inputs.dtype == np.uint8:
        why = "holds bytes" if inputs.dtype == np.uint8 else "is called so"
        return True, f"each row of array {name!r} has the shape {shape}, and it {why}"
    if inputs.shape[1] == inputs.shape[2]:
        return True, f"each row of array {name!r} is a square, {shape}; called 'series' it would be one"
    return False, f"each row of array {name!r} is no square, {shape}; called 'images' it would be one"
