"""The fitted preprocessing of tables: numbers scaled, categories numbered, from the training rows only."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from gradwise.data.column_codes import (
    RARE_BELOW,
    Categories,
    Code,
    Dated,
    Flag,
    Scaled,
    code_from,
)
from gradwise.data.columns import Column
from gradwise.data.examples import Array, Choice, Examples, Source, Task
from gradwise.data.scaling import AUTO, Scale, choose
from gradwise.data.tables import TableSource
from gradwise.data.target_coder import TargetCoder
from gradwise.errors import UsageError

Numeric = Scaled | Flag | Dated
SHOWN = 5  # column names in a message
AT_ONCE = 131_072  # rows encoded at once; at 50 columns 26 MB, for half a second per million rows


@dataclass(frozen=True, slots=True)
class TableEncoder:
    """Rows of a table as arrays; see `gradwise.data.examples.Encoder` for the contract.

    Args:
        numbers: codes of the columns that become numbers, in the order of the file.
        categories: codes of the columns that become ids.
        target: code of the target.
        choices: what was chosen while reading and fitting.
    """

    numbers: tuple[Numeric, ...]
    categories: tuple[Categories, ...]
    target: TargetCoder
    choices: tuple[Choice, ...] = ()

    @classmethod
    def fit(cls, source: TableSource, rows: Array, scale: str = AUTO) -> TableEncoder:
        """From ``rows``, the training rows, only.

        Raises:
            UsageError: no usable column, no row, a target that cannot be learnt, or no such scaling.
        """
        scaling = choose(scale, "table")
        if source.target is None:
            raise UsageError("the data was opened without a target; name one with --target.")
        target = TargetCoder.fit(source.target, rows)
        codes = [_fit_column(source, column, rows, scaling) for column in source.used]
        numbers = tuple(code for code in codes if not isinstance(code, Categories) and code.width)
        categories = tuple(code for code in codes if isinstance(code, Categories) and code.known)
        if not numbers and not categories:
            lost = "; ".join(
                f"{column.name!r}: {column.reason or 'too rare'}" for column in source.columns[:SHOWN]
            )
            raise UsageError(
                f"no column is left to learn from{f' ({lost})' if lost else ''}; give more columns."
            )
        choices = (*source.choices, *_choices(source, numbers, categories, scaling))
        return cls(numbers, categories, target, choices)

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.target.task

    def shape(self) -> dict[str, Any]:
        """``numbers`` D, and ``categories``: how many ids each has, the unknown included."""
        width = sum(code.width for code in self.numbers)
        return {"numbers": width, "categories": tuple(code.size for code in self.categories)}

    def names(self) -> tuple[str, ...]:
        """The columns that must be there, numbers first."""
        return (*(code.name for code in self.numbers), *(code.name for code in self.categories))

    def transform(self, source: Source, rows: Array | None = None) -> Examples:
        """Arrays of ``rows``, all when None; costs one column more than the result.

        Raises:
            UsageError: a column is missing, or holds what training did not see.
        """
        table = _as_table(source)
        self._check_columns(table)
        told = table.rows if rows is None else table.rows[rows]
        made = self._empty(len(told))
        self._write(table.frame, rows, told, made)
        return self._with_target(made, table, rows)

    def transform_parts(self, table: TableSource, parts: Sequence[Array]) -> list[Examples]:
        """Arrays of several parts, each in the order of the table, which gives up its cells on the way."""
        self._check_columns(table)
        made = [self._empty(len(rows)) for rows in parts]
        start = 0
        for block in _blocks(table):
            for rows, arrays in zip(parts, made, strict=True):
                first, end = np.searchsorted(rows, (start, start + block.height))
                part = {name: array[first:end] for name, array in arrays.items()}
                self._write(block, rows[first:end] - start, table.rows[rows[first:end]], part)
            start += block.height
        return [self._with_target(arrays, table, rows) for arrays, rows in zip(made, parts, strict=True)]

    def _empty(self, count: int) -> dict[str, Array]:
        width = sum(code.width for code in self.numbers)
        categories = np.empty((count, len(self.categories)), np.int64)
        return {"numbers": np.empty((count, width), np.float32), "categories": categories}

    def _write(self, frame: pl.DataFrame, rows: Array | None, told: Array, out: dict[str, Array]) -> None:
        """``rows`` of the frame, called ``told`` in messages, to (N, D) numbers and (N, C) ids."""
        at = 0
        for code in self.numbers:
            code.fill(_gather(frame[code.name], rows), told, out["numbers"][:, at : at + code.width])
            at += code.width
        for place, words in enumerate(self.categories):
            out["categories"][:, place] = words.ids(_gather(frame[words.name], rows))

    def _with_target(self, inputs: dict[str, Array], table: TableSource, rows: Array | None) -> Examples:
        return Examples(inputs, None if table.target is None else self.target.encode(table.target.take(rows)))

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it."""
        return {
            "kind": "table",
            "numbers": [code.state() for code in self.numbers],
            "categories": [code.state() for code in self.categories],
            "target": self.target.state(),
            "choices": [[choice.name, choice.value, choice.reason] for choice in self.choices],
        }

    def _check_columns(self, table: TableSource) -> None:
        there = table.frame.columns
        lacking = [name for name in self.names() if name not in there]
        if not lacking:
            return
        some = ", ".join(map(repr, lacking[:SHOWN])) + (", ..." if len(lacking) > SHOWN else "")
        spare = [name for name in there if name not in self.names()]
        near = difflib.get_close_matches(lacking[0], spare, n=1)
        hint = f" (is it {near[0]!r}?)" if near else ""
        what = "column" if len(lacking) == 1 else f"{len(lacking)} columns"
        raise UsageError(
            f"the data lacks {what} {some}{hint}; training used it: add it, with empty cells if unknown."
        )


def encoder_from(state: dict[str, Any]) -> TableEncoder:
    """The encoder whose `TableEncoder.state` this is."""
    codes = [code_from(code) for code in (*state["numbers"], *state["categories"])]
    numbers = tuple(code for code in codes if not isinstance(code, Categories))
    categories = tuple(code for code in codes if isinstance(code, Categories))
    choices = tuple(Choice(*parts) for parts in state["choices"])
    return TableEncoder(numbers, categories, TargetCoder.from_state(state["target"]), choices)


def _blocks(table: TableSource) -> Iterator[pl.DataFrame]:
    """The table's rows, some at a time; each block's memory is free when the next one comes."""
    frame, table.frame = table.frame, pl.DataFrame()
    blocks = [frame.slice(start, AT_ONCE) for start in range(0, frame.height, AT_ONCE)]
    del frame
    while blocks:
        yield blocks.pop(0)


def _as_table(source: Source) -> TableSource:
    if not isinstance(source, TableSource):
        raise UsageError(f"the net was trained on a table, but the data holds {source.kind}; give a table.")
    return source


def _gather(series: pl.Series, rows: Array | None) -> pl.Series:
    return series if rows is None else series.gather(rows)


def _fit_column(source: TableSource, column: Column, rows: Array, scale: Scale) -> Code:
    series = _gather(source.frame[column.name], rows)
    if column.role == "number":
        return Scaled.fit(column, series, scale)
    if column.role == "flag":
        return Flag.fit(column, series)
    if column.role == "date":
        return Dated.fit(column, series, ordering=column.name == source.time)
    return Categories.fit(column, series)


def _choices(
    source: TableSource,
    numbers: tuple[Numeric, ...],
    categories: tuple[Categories, ...],
    scale: Scale,
) -> list[Choice]:
    """What was chosen for the columns, with the numbers that decided."""
    choices = []
    scaled = [code for code in numbers if isinstance(code, Scaled)]
    if scaled:
        bound = f", at most {scale.farthest:g} from 0" if scale.scaling is not None else ""
        reason = f"{len(scaled)} columns of numbers: {scale.summary}{bound}"
        choices.append(Choice("scale", scale.name, reason))
    gaps = [code.name for code in numbers if isinstance(code, Scaled | Flag | Dated) and code.gaps]
    if gaps:
        reason = f"a gap may mean something, so each of {_some(gaps)} gets a column that marks its gaps"
        choices.append(Choice("missing", "median of the training rows, and a mark", reason))
    if categories:
        sizes = _some([f"{code.name} {code.size}" for code in categories])
        choices.append(
            Choice("categories", f"{len(categories)} columns as ids", f"ids with the unknown: {sizes}")
        )
    merged = [f"{code.name} {code.merged}" for code in categories if code.merged]
    if merged:
        reason = f"in fewer than {RARE_BELOW} training rows each, so they count as not seen: {_some(merged)}"
        choices.append(Choice("rare-categories", "merged", reason))
    lost = [f"{column.name} ({column.role})" for column in source.columns if not column.used]
    if lost:
        choices.append(Choice("columns-left-out", str(len(lost)), _some(lost)))
    return choices


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
