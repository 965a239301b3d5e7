"""Series of the UCR and UEA archives: ``.tsv`` with the class first, ``.ts`` with a head and ``@data``.

The forms are told at https://www.timeseriesclassification.com.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gradwise.data.answers import class_target, several
from gradwise.data.examples import Array, Choice
from gradwise.data.series import SeriesSource
from gradwise.data.target import Target, take_target
from gradwise.errors import UsageError

SUFFIXES = (".tsv", ".ts", ".txt")
_MISSING = ("?", "nan", "")  # lower case
_NO_CLASS = "?"


@dataclass(frozen=True, slots=True)
class _Head:
    """What a ``.ts`` file says before its data."""

    classes: tuple[str, ...] = ()
    labelled: bool = True
    numbers: bool = False
    line: int = 0


def open_ucr(path: Path) -> SeriesSource:
    """The series of one file, or of the training file in a folder of the archive.

    Args:
        path: ``NAME_TRAIN.tsv`` (one series per line, class first, parted by tabs, commas or blanks),
            ``NAME.ts``
            (dimensions parted by ``:``, class last), or their folder.

    Returns:
        Series; lengths may differ, ``?`` and NaN are missing, NaN at the end of a line is padding and cut
        off.

    Raises:
        UsageError: not there, not text, no data, or a line that cannot be read.
    """
    file = _in_folder(path) if path.is_dir() else path
    lines = _lines(file)
    head = _head(lines, file) if file.suffix.lower() == ".ts" else None
    labels: list[str] = []
    rows: list[list[Array]] = []
    for number, line in lines:
        label, dimensions = (
            _flat_line(line, file, number) if head is None else _ts_line(line, head, file, number)
        )
        labels.append(label)
        rows.append(dimensions)
        if len(dimensions) != len(rows[0]):
            raise UsageError(
                f"line {number} of {file} has {len(dimensions)} dimensions, but the first has "
                f"{len(rows[0])}; "
                "give every series the same ones."
            )
    if not rows:
        raise UsageError(f"{file} holds no series; expected one per line{' after @data' if head else ''}.")
    return _source(file, rows, labels, head)


def _source(file: Path, rows: list[list[Array]], labels: list[str], head: _Head | None) -> SeriesSource:
    width = len(rows[0])
    lengths = np.array([len(row[0]) for row in rows], np.int64)
    values = np.empty((int(lengths.sum()), width), np.float32)
    for feature in range(width):
        values[:, feature] = np.concatenate([row[feature] for row in rows])
    features = ("value",) if width == 1 else tuple(f"dimension {i + 1}" for i in range(width))
    target, choices = _target(labels, head)
    if target is not None and len(target.rows) < len(rows):
        kept = np.isin(np.arange(len(rows)), target.rows - 1)
        values, lengths = values[np.repeat(kept, lengths)], lengths[kept]
    return SeriesSource(values, lengths, features, target, choices=(*choices, *_beside(file)))


def _target(labels: list[str], head: _Head | None) -> tuple[Target | None, tuple[Choice, ...]]:
    if (head is not None and not head.labelled) or all(label == _NO_CLASS for label in labels):
        return None, ()
    if head is None or not head.numbers:
        known = [None if label == _NO_CLASS else label for label in labels]
        if None not in known:
            return class_target(labels), ()
        _, target, choices = take_target(pl.DataFrame({"class": known}), ("class",), "classes")
        return target, choices
    _, target, choices = take_target(pl.DataFrame({"target": labels}), ("target",), "numbers")
    return target, choices


def _beside(file: Path) -> tuple[Choice, ...]:
    """The test part of the archive is told of, and not read."""
    test = file.with_name(file.name.replace("_TRAIN", "_TEST"))
    if test == file or not test.is_file():
        return ()
    return (Choice("test-set", "not read", f"{test.name} lies beside; evaluate on it afterwards"),)


def _in_folder(folder: Path) -> Path:
    files = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in SUFFIXES]
    train = [file for file in files if file.stem.upper().endswith("_TRAIN")]
    for suffix in SUFFIXES:  # the same set often lies there in several forms
        found = [file for file in train if file.suffix.lower() == suffix]
        if len(found) == 1:
            return found[0]
    told = several([file.name for file in files]) if files else "none of these"
    raise UsageError(
        f"{folder} holds no single ..._TRAIN.tsv or ..._TRAIN.ts ({told}); give the file itself."
    )


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Lines that hold something, with their numbers from 1."""
    try:
        text = file.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{file} does not exist; expected a .tsv or .ts file of series.") from error
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}).") from error
    if not text.strip():
        raise UsageError(f"{file} is empty; expected one series per line.")
    number = 0
    try:
        for number, line in enumerate(text.splitlines(), start=1):
            stripped = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n ")
            if stripped.strip():
                yield number, stripped
    except UnicodeDecodeError as error:
        raise UsageError(f"line {number} of {file} is not UTF-8 text; save the file as UTF-8.") from error


def _head(lines: Iterator[tuple[int, str]], file: Path) -> _Head:
    """Reads up to ``@data``."""
    classes: tuple[str, ...] = ()
    labelled, numbers = True, False
    for number, line in lines:
        if line.startswith(("#", "%")):
            continue
        word, *rest = line.split()
        key, value = word.lower(), [part.lower() for part in rest]
        if key == "@data":
            return _Head(classes, labelled, numbers, number)
        if not key.startswith("@"):
            raise UsageError(
                f"line {number} of {file} starts with {word[:20]!r}; expected @data before the series."
            )
        if key == "@timestamps" and value[:1] == ["true"]:
            raise UsageError(
                f"{file} holds time stamps, which are not read from .ts files; turn it into a long "
                "table with the "
                "columns id, time and value."
            )
        if key == "@classlabel":
            labelled, classes = value[:1] == ["true"], tuple(rest[1:])
        if key == "@targetlabel" and value[:1] == ["true"]:
            labelled, numbers = True, True
    raise UsageError(f"{file} has no line @data, after which the series of a .ts file stand; fetch it again.")


def _ts_line(line: str, head: _Head, file: Path, number: int) -> tuple[str, list[Array]]:
    parts = [part.strip() for part in line.split(":")]
    label = parts.pop() if head.labelled else _NO_CLASS
    if not parts:
        raise UsageError(f"line {number} of {file} has no ':' before its class; expected numbers:class.")
    if head.classes and label not in (*head.classes, _NO_CLASS):
        raise UsageError(
            f"line {number} of {file} has class {label[:30]!r}, but @classLabel lists "
            f"{several(head.classes, 8)}; "
            "correct either."
        )
    dimensions = [_numbers(part.split(","), file, number) for part in parts]
    lengths = {len(dimension) for dimension in dimensions}
    if len(lengths) > 1:
        raise UsageError(
            f"line {number} of {file} has dimensions of {several(sorted(lengths))} moments; they must "
            "be as long as "
            "each other: fill the shorter with ?."
        )
    return label, dimensions


def _flat_line(line: str, file: Path, number: int) -> tuple[str, list[Array]]:
    """``class value value ...``; NaN at the end is padding."""
    cells = line.split("\t") if "\t" in line else line.split(",") if "," in line else line.split()
    if len(cells) < 2:
        raise UsageError(
            f"line {number} of {file} is {line[:30]!r}; expected a class and then the series, parted by tabs."
        )
    values = _numbers(cells[1:], file, number)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        raise UsageError(f"line {number} of {file} holds a class but no value; leave the line out.")
    return _class_name(cells[0].strip()), [values[: known[-1] + 1]]


def _numbers(cells: Sequence[str], file: Path, number: int) -> Array:
    try:
        values = np.array(cells, np.float64)
    except ValueError:
        values = np.array([_number(cell.strip(), file, number) for cell in cells])
    if np.isinf(values).any():
        raise UsageError(
            f"line {number} of {file} holds an infinite value; correct it, or write ? where it is missing."
        )
    return values


def _number(cell: str, file: Path, number: int) -> float:
    if cell.lower() in _MISSING:
        return float("nan")
    try:
        return float(cell)
    except ValueError as error:
        raise UsageError(
            f"line {number} of {file} holds {cell[:30]!r} where a number is expected; correct it, or "
            "write ? where "
            "it is missing."
        ) from error


def _class_name(cell: str) -> str:
    """Older files write classes as decimal numbers.

    >>> _class_name("1.0000000e+00"), _class_name("-1"), _class_name("walk")
    ('1', '-1', 'walk')
    """
    try:
        value = float(cell)
    except ValueError:
        return cell or _NO_CLASS
    if np.isnan(value):
        return _NO_CLASS
    return str(int(value)) if value.is_integer() else cell
