"""Target cells as arrays: class ids, labels, standardised numbers, as fitted on the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.column_codes import moments
from gradwise.data.examples import Array, Task
from gradwise.data.target import SHOWN, Target, flags
from gradwise.errors import UsageError


@dataclass(frozen=True, slots=True)
class TargetCoder:
    """Target cells to arrays, as it was fitted on the training rows.

    Args:
        task: what is predicted.
        columns: names of the target columns in the data.
        separator: of several labels in one cell, or "".
        style: how numbers are spelled in every column.
    """

    task: Task
    columns: tuple[str, ...]
    separator: str = ""
    style: tuple[cells.NumberStyle, ...] = ()

    @classmethod
    def fit(cls, target: Target, rows: Array) -> TargetCoder:
        """Classes of all rows; mean and standard deviation of ``rows``, the training rows, only.

        Raises:
            UsageError: a single class, a constant or non-finite number, or no training row.
        """
        if not len(rows):
            raise UsageError("there are no training rows; give more data or a smaller --valid.")
        if target.kind == "classes":
            return cls(Task("classes", target.names, _classes(target)), target.names)
        if target.kind == "labels":
            names = _label_names(target) if target.separator else target.names
            return cls(Task("labels", names), target.names, target.separator)
        style = tuple(
            cells.number_style(series) or "plain" if cells.is_words(series) else "plain"
            for series in target.frame
        )
        chosen = _numbers(target, style)[rows]
        shift, scale = zip(*(moments(column) for column in chosen.T), strict=True)
        for name, column in zip(target.names, chosen.T, strict=True):
            if column.min() == column.max():
                where = "in every row" if len(rows) > 1 else "in the only training row"
                raise UsageError(
                    f"target column {name!r} is {column[0]:g} {where}; there is nothing to predict."
                )
        task = Task("numbers", target.names, shift=shift, scale=scale)
        return cls(task, target.names, style=style)

    def encode(self, target: Target) -> Array:
        """(N,) int64 class ids, or (N, K) float32 labels or standardised numbers.

        Raises:
            UsageError: a class or label not seen in training, or no number.
        """
        absent = [name for name in self.columns if name not in target.frame.columns]
        if absent:
            raise UsageError(f"target column {absent[0]!r} is missing; the net was trained to predict it.")
        told = Target(target.frame.select(self.columns), target.kind, target.rows, self.separator)
        if self.task.kind == "classes":
            return _class_ids(told, self.task.classes)
        if self.task.kind == "numbers":
            shift, scale = np.array(self.task.shift), np.array(self.task.scale)
            return np.asarray((_numbers(told, self.style) - shift) / scale, np.float32)
        return _labels(told, self.task.targets)

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it."""
        return {
            "kind": self.task.kind,
            "targets": list(self.task.targets),
            "classes": list(self.task.classes),
            "shift": list(self.task.shift),
            "scale": list(self.task.scale),
            "columns": list(self.columns),
            "separator": self.separator,
            "style": list(self.style),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> TargetCoder:
        """What `state` wrote, read back."""
        fitted = (tuple(state[name]) for name in ("targets", "classes", "shift", "scale"))
        return cls(
            Task(state["kind"], *fitted), tuple(state["columns"]), state["separator"], tuple(state["style"])
        )


def _classes(target: Target) -> tuple[str, ...]:
    """Names of the classes, numbers by size, words by alphabet."""
    found = cells.words(target.frame.to_series()).unique().drop_nulls().to_list()
    if len(found) < 2:
        only = f"only {found[0]!r}" if found else "nothing"
        raise UsageError(f"target column {target.names[0]!r} holds {only}; at least two classes are needed.")
    try:
        return tuple(sorted(found, key=float))
    except ValueError:
        return tuple(sorted(found))


def _class_ids(target: Target, classes: tuple[str, ...]) -> Array:
    series = target.frame.to_series()
    ids = cells.words(series).cast(pl.Enum(classes), strict=False).to_physical()
    if ids.null_count():
        at = int(ids.is_null().arg_true()[0])
        known = ", ".join(map(repr, classes[:10])) + (", ..." if len(classes) > 10 else "")
        raise UsageError(
            f"row {target.rows[at]} of target column {series.name!r} holds {series[at]!r}, which training "
            f"did not see; the classes are {known}. Correct the cell or leave the row out."
        )
    return ids.cast(pl.Int64).to_numpy()


def _numbers(target: Target, style: tuple[cells.NumberStyle, ...]) -> Array:
    """(N, K) float64; every cell a finite number."""
    values = np.empty((target.frame.height, target.frame.width))
    for column, series in enumerate(target.frame):
        read = cells.numbers(series, style[column])
        if read.null_count():
            bad = read.is_null().arg_true()
            some = ", ".join(str(target.rows[at]) for at in bad[:SHOWN]) + (
                ", ..." if len(bad) > SHOWN else ""
            )
            cells_are = "1 cell that is" if len(bad) == 1 else f"{len(bad)} cells that are"
            value = series[int(bad[0])]
            raise UsageError(
                f"target column {series.name!r} holds {cells_are} no finite number "
                f"(row {some}: {value!r}). Correct them or leave those rows out."
            )
        values[:, column] = read.to_numpy()
    return values


def _label_names(target: Target) -> tuple[str, ...]:
    names = cells.words(target.frame.to_series()).str.split(target.separator).explode().str.strip_chars()
    found = tuple(sorted(name for name in names.unique().drop_nulls().to_list() if name))
    if not found:
        raise UsageError(f"target column {target.names[0]!r} holds no labels.")
    return found


def _labels(target: Target, names: tuple[str, ...]) -> Array:
    """(N, K) float32 of 0 and 1."""
    if not target.separator:
        out = np.empty((target.frame.height, len(names)), np.float32)
        for column, series in enumerate(target.frame):
            held = flags(series)
            if held is None:
                raise UsageError(
                    f"target column {series.name!r} holds cells other than 0 and 1; labels take only those."
                )
            out[:, column] = held
        return out
    parts = (
        cells.words(target.frame.to_series())
        .str.split(target.separator)
        .list.eval(pl.element().str.strip_chars())
    )
    return np.stack([parts.list.contains(name).to_numpy() for name in names], axis=1).astype(np.float32)
