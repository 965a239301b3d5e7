"""NumPy files: features, images or series in ``.npz`` and ``.npy`` files, never with pickled objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from gradwise.data.answers import class_target
from gradwise.data.array_files import read_npy, read_npz
from gradwise.data.array_table import ArrayTable, encoder_from
from gradwise.data.examples import Array, Choice, Source
from gradwise.data.images import ImageSource
from gradwise.data.pixels import channels_first
from gradwise.data.series import SeriesSource
from gradwise.data.target import Target, take_target
from gradwise.errors import UsageError

__all__ = ["ArrayTable", "encoder_from", "open_arrays", "source_of"]

_PICTURES = ("images", "pixels")  # names that settle what three axes mean
_MOMENTS = ("series", "sequences")


def open_arrays(path: Path, target: str | None = None, *, task: str = "auto") -> Source:
    """Inputs and targets of a NumPy file.

    Args:
        path: an ``.npz`` with arrays of the usual names (``x`` and ``y``, ``images`` and ``labels``, ...),
            or an ``.npy`` with the targets in a file beside it (``x.npy`` and ``y.npy``, ``a.npy`` and
            ``a_labels.npy``).
        target: name of the array of targets; of an ``.npy`` table: ``last`` for its last column.
        task: kind of the target, see `gradwise.data.target.take_target`.

    Returns:
        A table of (N, D) numbers; images of (N, H, W) bytes or squares, (N, H, W, C) or (N, C, H, W); series
        of any other (N, T, F).  Without targets where there are none, which is enough to predict.

    Raises:
        UsageError: not a NumPy file, pickled objects, no inputs, or lengths that differ.
    """
    pair = read_npz(path, target) if path.suffix == ".npz" else read_npy(path, target)
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


def _checked(inputs: Array, name: str) -> Array:
    if inputs.dtype.kind not in "biuf":
        raise UsageError(f"array {name!r} holds {inputs.dtype} values; expected numbers.")
    if not 2 <= inputs.ndim <= 4:
        raise UsageError(
            f"array {name!r} has the shape {inputs.shape}; expected (rows, features), (rows, moments, "
            "features), (rows, height, width) or (rows, height, width, channels)."
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
            "one or several numbers or words for each row."
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
