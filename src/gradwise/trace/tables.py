"""Sampled rows and evaluation phases as tables: one row per step, one column per place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradwise.trace.model import Ints, Table

Columns = list[tuple[str, str]]
Cell = tuple[int, str, str, float]  # step, signal, place, value


@dataclass(frozen=True, slots=True)
class Samples:
    """Sampled rows in order of step: ``vectors[i]`` has the columns of ``layouts[which[i]]``."""

    steps: Ints  # (S,)
    which: Ints  # (S,)
    vectors: list[NDArray[np.float32]]  # S times (C,)
    layouts: Mapping[int, Columns]

    def tables(self, first: int, stop: float) -> dict[str, Table]:
        """One table per signal, from the rows with step in ``[first, stop)``."""
        inside = np.flatnonzero((self.steps >= first) & (self.steps < stop))
        parts: defaultdict[str, list[Table]] = defaultdict(list)
        for layout in dict.fromkeys(self.which[inside].tolist()):
            rows = inside[self.which[inside] == layout]
            values = np.stack([self.vectors[i] for i in rows])  # (rows, C)
            for signal, columns in _by_signal(self.layouts[layout]).items():
                places = tuple(self.layouts[layout][column][1] for column in columns)
                parts[signal].append(Table(self.steps[rows], places, values[:, columns].astype(np.float64)))
        return {signal: _joined(tables) for signal, tables in parts.items()}


def evaluation_tables(cells: Sequence[Cell]) -> dict[str, Table]:
    """One table per evaluation signal: one row per phase step, NaN where a place has no value."""
    by_signal: defaultdict[str, list[tuple[int, str, float]]] = defaultdict(list)
    for step, signal, place, value in cells:
        by_signal[signal].append((step, place, value))
    tables = {}
    for signal, entries in by_signal.items():
        steps = np.unique(np.array([step for step, _, _ in entries], dtype=np.int64))
        places = tuple(dict.fromkeys(place for _, place, _ in entries))
        values = np.full((len(steps), len(places)), np.nan)
        for step, place, value in entries:
            values[np.searchsorted(steps, step), places.index(place)] = value
        tables[signal] = Table(steps, places, values)
    return tables


def _by_signal(columns: Columns) -> dict[str, list[int]]:
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, (signal, _) in enumerate(columns):
        positions[signal].append(position)
    return positions


def _joined(tables: Sequence[Table]) -> Table:
    """Tables of one signal in one: the steps and places of all, NaN where not measured."""
    if len(tables) == 1 and len(np.unique(tables[0].steps)) == len(tables[0].steps):
        return tables[0]
    places = tuple(dict.fromkeys(place for table in tables for place in table.places))
    column = {place: i for i, place in enumerate(places)}
    steps = np.unique(np.concatenate([table.steps for table in tables]))
    values = np.full((len(steps), len(places)), np.nan)
    for table in tables:
        columns = [column[place] for place in table.places]
        for row, numbers in zip(np.searchsorted(steps, table.steps), table.values, strict=True):
            values[row, columns] = np.where(np.isnan(numbers), values[row, columns], numbers)
    return Table(steps, places, values)
