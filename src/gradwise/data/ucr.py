"""Series of the UCR and UEA archives: ``.tsv`` with the class first, ``.ts`` with a head and ``@data``.

The forms are told at https://www.timeseriesclassification.com.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from gradwise.data.answers import class_target, several
from gradwise.data.examples import Array, Choice
from gradwise.data.series import SeriesSource
from gradwise.data.target import Target, take_target
from gradwise.data.ucr_lines import NO_CLASS, Head, flat_line, lines_of, read_head, ts_line
from gradwise.errors import UsageError

SUFFIXES = (".tsv", ".ts", ".txt")


def open_ucr(path: Path) -> SeriesSource:
    """The series of one file, or of the training file in a folder of the archive.

    Args:
        path: ``NAME_TRAIN.tsv`` (one series per line, class first, parted by tabs, commas or blanks),
            ``NAME.ts`` (dimensions parted by ``:``, class last), or their folder.

    Returns:
        Series; lengths may differ, ``?`` and NaN are missing, NaN at the end of a line is padding and cut
        off.

    Raises:
        UsageError: not there, not text, no data, or a line that cannot be read.
    """
    file = _in_folder(path) if path.is_dir() else path
    lines = lines_of(file)
    head = read_head(lines, file) if file.suffix.lower() == ".ts" else None
    labels: list[str] = []
    rows: list[list[Array]] = []
    for number, line in lines:
        label, dimensions = (
            flat_line(line, file, number) if head is None else ts_line(line, head, file, number)
        )
        labels.append(label)
        rows.append(dimensions)
        if len(dimensions) != len(rows[0]):
            raise UsageError(
                f"line {number} of {file} has {len(dimensions)} dimensions, but the first has "
                f"{len(rows[0])}; give every series the same ones."
            )
    if not rows:
        raise UsageError(f"{file} holds no series; expected one per line{' after @data' if head else ''}.")
    return _source(file, rows, labels, head)


def _source(file: Path, rows: list[list[Array]], labels: list[str], head: Head | None) -> SeriesSource:
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


def _target(labels: list[str], head: Head | None) -> tuple[Target | None, tuple[Choice, ...]]:
    if (head is not None and not head.labelled) or all(label == NO_CLASS for label in labels):
        return None, ()
    if head is None or not head.numbers:
        known = [None if label == NO_CLASS else label for label in labels]
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
