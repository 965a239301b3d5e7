"""Lines of the UCR and UEA archives' files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradwise.data.answers import several
from gradwise.data.examples import Array
from gradwise.errors import UsageError

_MISSING = ("?", "nan", "")  # lower case
NO_CLASS = "?"


@dataclass(frozen=True, slots=True)
class Head:
    """What a ``.ts`` file says before its data."""

    classes: tuple[str, ...] = ()
    labelled: bool = True
    numbers: bool = False
    line: int = 0


def lines_of(file: Path) -> Iterator[tuple[int, str]]:
    """Lines that hold something, with their numbers from 1.

    Raises:
        UsageError: not there, empty, or no UTF-8 text.
    """
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


def read_head(lines: Iterator[tuple[int, str]], file: Path) -> Head:
    """What stands up to ``@data``, which is read too.

    Raises:
        UsageError: no ``@data``, or time stamps.
    """
    classes: tuple[str, ...] = ()
    labelled, numbers = True, False
    for number, line in lines:
        if line.startswith(("#", "%")):
            continue
        word, *rest = line.split()
        key, value = word.lower(), [part.lower() for part in rest]
        if key == "@data":
            return Head(classes, labelled, numbers, number)
        if not key.startswith("@"):
            raise UsageError(
                f"line {number} of {file} starts with {word[:20]!r}; expected @data before the series."
            )
        if key == "@timestamps" and value[:1] == ["true"]:
            raise UsageError(
                f"{file} holds time stamps, which are not read from .ts files; turn it into a long "
                "table with the columns id, time and value."
            )
        if key == "@classlabel":
            labelled, classes = value[:1] == ["true"], tuple(rest[1:])
        if key == "@targetlabel" and value[:1] == ["true"]:
            labelled, numbers = True, True
    raise UsageError(f"{file} has no line @data, after which the series of a .ts file stand; fetch it again.")


def ts_line(line: str, head: Head, file: Path, number: int) -> tuple[str, list[Array]]:
    """Class and dimensions of a line ``v,v:v,v:class``.

    Raises:
        UsageError: what is wrong in the line.
    """
    parts = [part.strip() for part in line.split(":")]
    label = parts.pop() if head.labelled else NO_CLASS
    if not parts:
        raise UsageError(f"line {number} of {file} has no ':' before its class; expected numbers:class.")
    if head.classes and label not in (*head.classes, NO_CLASS):
        raise UsageError(
            f"line {number} of {file} has class {label[:30]!r}, but @classLabel lists "
            f"{several(head.classes, 8)}; correct either."
        )
    dimensions = [_numbers(part.split(","), file, number) for part in parts]
    lengths = {len(dimension) for dimension in dimensions}
    if len(lengths) > 1:
        raise UsageError(
            f"line {number} of {file} has dimensions of {several(sorted(lengths))} moments; they must "
            "be as long as each other: fill the shorter with ?."
        )
    return label, dimensions


def flat_line(line: str, file: Path, number: int) -> tuple[str, list[Array]]:
    """Class and the only dimension of a line ``class value value ...``; NaN at the end is padding.

    Raises:
        UsageError: what is wrong in the line.
    """
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
            "write ? where it is missing."
        ) from error


def _class_name(cell: str) -> str:
    """Older files write classes as decimal numbers.

    >>> _class_name("1.0000000e+00"), _class_name("-1"), _class_name("walk")
    ('1', '-1', 'walk')
    """
    try:
        value = float(cell)
    except ValueError:
        return cell or NO_CLASS
    if np.isnan(value):
        return NO_CLASS
    return str(int(value)) if value.is_integer() else cell
