"""Sampled rows on their way into the run file: layouts, packed vectors, and their thinning."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradwise.trace.model import Floats, Ints
from gradwise.trace.schema import columns_to_json
from gradwise.trace.thin import rows_to_drop, spikes

ROW_LIMIT = 2000  # sampled rows kept
BYTE_LIMIT = 60_000_000  # bytes of sampled rows and their layouts kept
KEPT_SHARE = 15 / 16  # of a limit that is left after thinning
RARE_ROWS = 64  # first rows that always stay, and as many spikes
RARE_PART = 8  # at most one row in this many is first, and as many are spikes
PAGE = 4096  # bytes; a vector longer than one page takes whole pages

# An infinite value of these, or a positive count, makes a row worth keeping.
INFINITE_SIGNALS = frozenset({"grad_norm", "weight_norm", "update_norm", "criterion", "act_absmax"})
COUNT_SIGNALS = frozenset({"act_nonfinite", "input_nonfinite"})


@dataclass(slots=True)
class _Layout:
    columns: tuple[tuple[str, str], ...]
    json: str
    gradients: Ints
    losses: Ints
    infinite: Ints
    counts: Ints
    rows: int = 0  # kept rows of this layout
    written: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    step: int
    layout: int
    size: int  # bytes in the file
    gradient: float  # norm over all parameters, NaN where unknown
    loss: float  # largest value of a loss function, NaN where unknown
    nonfinite: bool


class SampleRows:
    """Layouts and sampled rows; knows what is in the file and what is yet to be written."""

    def __init__(self, row_limit: int = ROW_LIMIT, byte_limit: int = BYTE_LIMIT) -> None:
        self._row_limit = row_limit
        self._byte_limit = byte_limit
        self._ids: dict[tuple[tuple[str, str], ...], int] = {}
        self._layouts: list[_Layout] = []
        self._rows: dict[int, _Row] = {}
        self._bytes = 0
        self._next_id = 1
        self._fresh: dict[int, bytes] = {}  # rows not yet in the file
        self._gone: list[int] = []  # rows still in the file
        self._gone_layouts: set[int] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def layout(self, columns: Sequence[tuple[str, str]]) -> int:
        """The id of a layout; the same columns have the same id.

        Raises:
            ValueError: a column stands in it twice.
        """
        key = tuple(columns)
        if key in self._ids:
            return self._ids[key]
        if len(set(key)) != len(key):
            raise ValueError("a layout names each (signal, place) once")

        def of(names: frozenset[str]) -> Ints:
            return np.array([i for i, (signal, _) in enumerate(key) if signal in names], dtype=np.int64)

        gradients, losses = of(frozenset({"grad_norm"})), of(frozenset({"criterion"}))
        self._layouts.append(
            _Layout(key, columns_to_json(key), gradients, losses, of(INFINITE_SIGNALS), of(COUNT_SIGNALS))
        )
        self._ids[key] = len(self._layouts)
        return self._ids[key]

    def add(self, step: int, layout: int, values: NDArray[np.float32]) -> None:
        """One sampled step; ``values`` has shape (C,), one per column of the layout.

        Raises:
            ValueError: the layout is unknown or has another number of columns.
        """
        if not 1 <= layout <= len(self._layouts):
            raise ValueError(f"layout {layout} is unknown; get one from layout()")
        kind = self._layouts[layout - 1]
        vector = np.array(values, dtype="<f4")
        if vector.shape != (len(kind.columns),):
            raise ValueError(f"layout {layout} has {len(kind.columns)} columns, got shape {vector.shape}")
        nonfinite = bool(np.isinf(vector[kind.infinite]).any() or (vector[kind.counts] > 0).any())
        gradients, losses = vector[kind.gradients].astype(np.float64), vector[kind.losses]
        gradient = float(np.sqrt(np.nansum(gradients * gradients))) if len(gradients) else float("nan")
        loss = float(np.fmax.reduce(losses)) if len(losses) else float("nan")
        size = _stored_bytes(vector.nbytes)
        self._rows[self._next_id] = _Row(int(step), layout, size, gradient, loss, nonfinite)
        self._fresh[self._next_id] = vector.tobytes()
        self._next_id += 1
        self._bytes += size + (0 if kind.rows else len(kind.json))
        kind.rows += 1
        if len(self._rows) > self._row_limit:
            self._thin(by_bytes=False)
        if self._bytes > self._byte_limit:
            self._thin(by_bytes=True)

    @property
    def changed(self) -> bool:
        """Whether the file lacks something."""
        return bool(self._fresh or self._gone)

    def write(self, database: sqlite3.Connection) -> None:
        """Bring the file up to date, inside the caller's transaction."""
        database.executemany("DELETE FROM samples WHERE id = ?", [(row,) for row in self._gone])
        database.executemany("DELETE FROM layouts WHERE id = ?", [(i,) for i in self._gone_layouts])
        for i, layout in enumerate(self._layouts, start=1):
            if layout.rows and not layout.written:
                database.execute("INSERT OR REPLACE INTO layouts VALUES (?, ?)", (i, layout.json))
        rows = ((i, self._rows[i].step, self._rows[i].layout, blob) for i, blob in self._fresh.items())
        database.executemany("INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?)", rows)

    def written(self) -> None:
        """The transaction of the last `write` is in the file."""
        self._fresh.clear()
        self._gone.clear()
        self._gone_layouts.clear()
        for layout in self._layouts:
            layout.written = layout.rows > 0

    def _thin(self, *, by_bytes: bool) -> None:
        ids = sorted(self._rows, key=lambda i: (self._rows[i].step, i))
        rows = [self._rows[i] for i in ids]
        steps = np.array([row.step for row in rows], dtype=np.int64)
        if by_bytes:
            sizes = np.array([row.size for row in rows], dtype=np.int64)
            excess = self._bytes - int(self._byte_limit * KEPT_SHARE)
        else:
            sizes = np.ones(len(rows), dtype=np.int64)
            excess = len(rows) - int(self._row_limit * KEPT_SHARE)
        for position in rows_to_drop(steps, sizes, _rare(rows), excess):
            self._drop(ids[position])

    def _drop(self, row_id: int) -> None:
        row = self._rows.pop(row_id)
        layout = self._layouts[row.layout - 1]
        layout.rows -= 1
        self._bytes -= row.size + (0 if layout.rows else len(layout.json))
        if self._fresh.pop(row_id, None) is None:
            self._gone.append(row_id)
        if not layout.rows and layout.written:
            layout.written = False
            self._gone_layouts.add(row.layout)


def _rare(rows: Sequence[_Row]) -> set[int]:
    """Positions of the first rows, of spikes of gradient and loss, and of the first non-finite rows."""
    quota = min(RARE_ROWS, len(rows) // RARE_PART)
    gradients: Floats = np.array([row.gradient for row in rows])
    losses: Floats = np.array([row.loss for row in rows])
    nonfinite = [i for i, row in enumerate(rows) if row.nonfinite]
    return {
        *range(quota),
        *spikes(gradients, quota // 2),
        *spikes(losses, quota // 2),
        *nonfinite[:quota],
    }


def _stored_bytes(length: int) -> int:
    return length + 40 if length < PAGE - 100 else (length // PAGE + 2) * PAGE
