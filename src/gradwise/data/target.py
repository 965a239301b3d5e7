"""What is to be predicted: which kind of task a target column means, and its cells as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.examples import Array, Choice
from gradwise.errors import UsageError
from gradwise.registry import nearest

TaskKind = Literal["classes", "labels", "numbers"]
TASKS = ("auto", "classes", "labels", "numbers")

MAX_NUMBER_CLASSES = (
    20  # distinct whole numbers that still count as classes; ratings, digits and grades have fewer
)
MANY_CLASSES = 50  # distinct words above which a target with hardly any repeats is taken for a name
SHOWN = 3  # rows named in a message
SEPARATORS = (";", "|", ",")  # between several labels in one cell, tried in this order
_TRUE = {"1", "true", "yes", "t", "y"}
_FALSE = {"0", "false", "no", "f", "n"}


@dataclass(frozen=True, slots=True)
class Target:
    """Target columns as they were read, rows with gaps already left out.

    Args:
        frame: the target columns, N rows.
        kind: of the task.
        rows: (N,) int64, number of each row in the data as it was read, from 1.
        separator: of several labels in one cell, or "".
    """

    frame: pl.DataFrame
    kind: TaskKind
    rows: Array
    separator: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the target columns."""
        return tuple(self.frame.columns)

    def take(self, rows: Array | None) -> Target:
        """These rows, all when None."""
        return self if rows is None else replace(self, frame=self.frame[rows], rows=self.rows[rows])

    def strata(self) -> Array | None:
        """(N,) int64: class of every row, or None where the target is no class."""
        if self.kind != "classes":
            return None
        text = cells.words(self.frame.to_series(0))
        return text.rank("dense").cast(pl.Int64).to_numpy() - 1


def target_names(frame: pl.DataFrame, target: str | Sequence[str]) -> tuple[str, ...]:
    """The target columns asked for, each once, all of them in ``frame``.

    Raises:
        UsageError: none asked for, one asked for twice, or not there.
    """
    names = (target,) if isinstance(target, str) else tuple(target)
    if not names:
        raise UsageError("a target column is needed; name it with --target.")
    if len(set(names)) < len(names):
        raise UsageError(f"the target columns {', '.join(map(repr, names))} name one twice; name each once.")
    for name in names:
        if name not in frame.columns:
            held = ", ".join(map(repr, frame.columns[:10])) + (", ..." if frame.width > 10 else "")
            near = nearest(name, frame.columns)
            raise UsageError(f"there is no target column {name!r}{near}; the columns are {held}.")
    return names


def take_target(
    frame: pl.DataFrame, target: str | Sequence[str], task: str = "auto"
) -> tuple[pl.DataFrame, Target, tuple[Choice, ...]]:
    """Split a frame into inputs and target; rows without a target are left out, and that is said.

    Args:
        frame: N rows as read.
        target: the target columns.
        task: ``classes``, ``labels``, ``numbers``, or ``auto`` to tell from the cells.

    Returns:
        The remaining columns, the target, and what was chosen.

    Raises:
        UsageError: a target that is absent, empty, or cannot be what ``task`` says.
    """
    if task not in TASKS:
        raise UsageError(f"--task takes one of {', '.join(TASKS)}, not {task!r}.")
    names = target_names(frame, target)
    wanted = frame.select(names)
    present = np.ones(frame.height, bool)
    for name in names:
        present &= _present(wanted[name])
    if frame.height and not present.any():
        raise UsageError(
            f"target column {names[0]!r} is empty in all {frame.height} rows; name another target."
        )
    choices: tuple[Choice, ...] = ()
    if not present.all():
        choices = (_dropped(names, present),)
        frame, wanted = frame.filter(present), wanted.filter(present)
    kind, reason, separator = _kind(wanted, task)
    told = Target(wanted, kind, np.flatnonzero(present) + 1, separator)
    choices = (Choice("task", kind, reason), *choices)
    return frame.drop(names), told, choices


def _present(series: pl.Series) -> Array:
    """Which cells hold something: not null, not NaN, not a word for missing in a column of numbers."""
    if series.dtype.is_float():
        return series.is_not_nan().fill_null(value=False).to_numpy()
    if not cells.is_words(series):
        return series.is_not_null().to_numpy()
    text = cells.words(series)
    if cells.number_style(series) is None:
        return text.is_not_null().to_numpy()
    return (text.is_not_null() & ~text.str.to_lowercase().is_in(cells.MISSING_WORDS)).to_numpy()


def _dropped(names: tuple[str, ...], present: Array) -> Choice:
    gaps = np.flatnonzero(~present) + 1
    some = ", ".join(map(str, gaps[:SHOWN])) + (", ..." if len(gaps) > SHOWN else "")
    share = f"{100 * len(gaps) / len(present):.2g} %"
    column = ", ".join(map(repr, names))
    reason = (
        f"their cell of {column} is empty ({share} of {len(present)} rows: {some}); nothing to learn from"
    )
    return Choice("rows-left-out", str(len(gaps)), reason)


def _kind(frame: pl.DataFrame, task: str) -> tuple[TaskKind, str, str]:
    """Kind of task, the reason, and the separator of several labels in one cell."""
    if frame.width > 1:
        return (*_kind_of_several(frame, task), "")
    series = frame.to_series()
    if task == "labels":
        return _labels_in_cells(series)
    if task == "classes":
        return "classes", "asked for", ""
    if task == "numbers":
        return "numbers", "asked for", ""
    return (*_kind_of_one(series), "")


def _kind_of_one(series: pl.Series) -> tuple[TaskKind, str]:
    name, distinct = series.name, series.n_unique()
    if series.dtype.is_nested():
        raise UsageError(f"target column {name!r} holds lists; a target takes one value in a cell.")
    if series.dtype.is_temporal():
        raise UsageError(f"target column {name!r} holds dates; a target takes classes or numbers.")
    if series.dtype == pl.Boolean:
        return "classes", f"{name!r} holds true and false"
    if cells.is_words(series) and cells.number_style(series) is None:
        if distinct > MANY_CLASSES and 2 * distinct > len(series):
            raise UsageError(
                f"target column {name!r} holds {distinct} different words in {len(series)} rows, so most are "
                "seen once and nothing can be learnt of them; name another target, or give --task classes."
            )
        return "classes", f"{name!r} holds {distinct} different words"
    style = cells.number_style(series) if cells.is_words(series) else None
    values = cells.numbers(series, style or "plain").drop_nulls()
    whole = bool(len(values)) and bool((values == values.floor()).all())
    if whole and distinct <= MAX_NUMBER_CLASSES and (2 * distinct <= len(series) or distinct == 2):
        limit = f"at most {MAX_NUMBER_CLASSES} count as classes; --task numbers otherwise"
        return "classes", f"{name!r} holds {distinct} different whole numbers ({limit})"
    what = "whole numbers" if whole else "numbers with decimals"
    return "numbers", f"{name!r} holds {distinct} different {what}; --task classes otherwise"


def _kind_of_several(frame: pl.DataFrame, task: str) -> tuple[TaskKind, str]:
    if task == "classes":
        raise UsageError(
            f"--task classes takes one target column, not {frame.width}; --task labels takes several."
        )
    yes_no = [flags(series) is not None for series in frame]
    if task != "numbers" and all(yes_no):
        return "labels", f"{frame.width} target columns that hold yes or no each"
    if task == "labels":
        odd = frame.columns[yes_no.index(False)]
        raise UsageError(f"--task labels takes columns of 0 and 1; {odd!r} holds other values.")
    for series in frame:
        if series.dtype.is_nested() or series.dtype.is_temporal() or _words_only(series):
            raise UsageError(
                f"several targets must all hold numbers, or all 0 and 1; {series.name!r} holds neither. "
                "Fit one net for each instead."
            )
    return "numbers", f"{frame.width} target columns of numbers"


def _words_only(series: pl.Series) -> bool:
    return cells.is_words(series) and cells.number_style(series) is None


def _labels_in_cells(series: pl.Series) -> tuple[TaskKind, str, str]:
    if not cells.is_words(series):
        if flags(series) is not None:
            return "labels", "asked for", ""
        raise UsageError(
            f"--task labels takes words parted by ';' or columns of 0 and 1; {series.name!r} holds numbers."
        )
    text = cells.words(series)
    for separator in SEPARATORS:
        if text.str.contains(separator, literal=True).any():
            return "labels", f"cells of {series.name!r} hold labels parted by {separator!r}", separator
    return (
        "labels",
        f"cells of {series.name!r} hold one label each; {SEPARATORS[0]!r} would part several",
        SEPARATORS[0],
    )


def flags(series: pl.Series) -> Array | None:
    """(N,) float32 of 0 and 1, or None where a cell is neither yes nor no.

    >>> flags(pl.Series(["yes", "No"]))
    array([1., 0.], dtype=float32)
    """
    if series.dtype.is_nested():
        return None
    text = cells.words(series).str.to_lowercase()
    if not text.is_in([*_TRUE, *_FALSE]).all():
        return None
    return np.asarray(text.is_in(list(_TRUE)).to_numpy(), np.float32)
