"""What is on its way into the run file: every-step values and segments.

Each buffer holds in memory what the file does not have yet and bounds what it
keeps.  `write` runs inside the caller's transaction and may be repeated;
`written` is called once that transaction has been committed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gradwise.trace.model import ModuleInfo, ParameterInfo, Segment
from gradwise.trace.schema import BLOCK, records_to_json
from gradwise.trace.thin import StepBuckets

SEGMENT_LIMIT = 4096  # segments kept
ARCHITECTURE_BYTES = 8_000_000  # bytes of module and parameter lists kept
WAITING_LIMIT = 65_536  # every-step values of a signal held before they go into buckets


class Buffer(Protocol):
    """What the writer asks of each buffer."""

    @property
    def changed(self) -> bool:
        """Whether the file lacks something."""
        ...

    def write(self, database: sqlite3.Connection) -> None:
        """Bring the file up to date, inside the caller's transaction."""
        ...

    def written(self) -> None:
        """The transaction of the last `write` is in the file."""
        ...


class StepSignals:
    """Every-step values of all signals, as buckets."""

    def __init__(self) -> None:
        self._buckets: dict[str, StepBuckets] = {}
        self._waiting: dict[str, list[tuple[int, NDArray[np.float64]]]] = {}
        self._next_step: dict[str, int] = {}
        self._blocks: dict[str, int] = {}  # rows of step_blocks in the file

    def add(self, signal: str, first_step: int, values: NDArray[np.float64]) -> None:
        """Values of consecutive steps, shape (N,).

        Raises:
            ValueError: steps that were already given, or a shape other than (N,).
        """
        block = np.array(values, dtype=np.float64)
        if block.ndim != 1:
            raise ValueError(f"{signal}: expected values of shape (N,), got {block.shape}")
        if first_step < self._next_step.get(signal, first_step):
            raise ValueError(f"{signal}: expected step {self._next_step[signal]} or later, got {first_step}")
        if not len(block):
            return
        self._next_step[signal] = first_step + len(block)
        waiting = self._waiting.setdefault(signal, [])
        waiting.append((first_step, block))
        if sum(len(values) for _, values in waiting) > WAITING_LIMIT:
            self._absorb(signal)

    @property
    def changed(self) -> bool:
        """Whether the file lacks something."""
        return bool(self._waiting) or any(b.changed_from < len(b) for b in self._buckets.values())

    def write(self, database: sqlite3.Connection) -> None:
        """Rewrite the blocks that changed: the last ones, or all of a signal whose buckets merged."""
        for signal in list(self._waiting):
            self._absorb(signal)
        for signal, buckets in self._buckets.items():
            kept = buckets.view()
            rows = [
                (signal, i, buckets.width, kept[i * BLOCK : (i + 1) * BLOCK].tobytes())
                for i in range(buckets.changed_from // BLOCK, _blocks(len(kept)))
                if buckets.changed_from < len(kept)
            ]
            database.executemany("INSERT OR REPLACE INTO step_blocks VALUES (?, ?, ?, ?)", rows)
            if self._blocks.get(signal, 0) > _blocks(len(kept)):
                database.execute(
                    "DELETE FROM step_blocks WHERE signal = ? AND block >= ?", (signal, _blocks(len(kept)))
                )

    def written(self) -> None:
        """The transaction of the last `write` is in the file."""
        for signal, buckets in self._buckets.items():
            buckets.changed_from = len(buckets)
            self._blocks[signal] = _blocks(len(buckets))

    def _absorb(self, signal: str) -> None:
        waiting = self._waiting.pop(signal)
        steps = np.concatenate([np.arange(first, first + len(v), dtype=np.int64) for first, v in waiting])
        buckets = self._buckets.setdefault(signal, StepBuckets())
        buckets.add(steps, np.concatenate([values for _, values in waiting]))


class Segments:
    """Stretches of the run; equal lists of modules and parameters are kept once."""

    def __init__(self) -> None:
        self._fresh: dict[int, tuple[int, int, int]] = {}  # position -> first step, stop step, architecture
        self._fresh_architectures: dict[int, tuple[str, str]] = {}
        self._ids: dict[tuple[str, str], int] = {("[]", "[]"): 0}
        self._bytes = 0
        self._last: tuple[Sequence[ModuleInfo], Sequence[ParameterInfo], int] = ((), (), 0)

    def put(self, position: int, segment: Segment) -> None:
        """Insert or replace a segment."""
        if position >= SEGMENT_LIMIT:
            return
        architecture = self._architecture(segment.modules, segment.parameters)
        self._fresh[position] = (segment.first_step, segment.stop_step, architecture)

    @property
    def changed(self) -> bool:
        """Whether the file lacks something."""
        return bool(self._fresh)

    def write(self, database: sqlite3.Connection) -> None:
        """Write the segments that changed."""
        architectures = [(i, *texts) for i, texts in self._fresh_architectures.items()]
        database.executemany("INSERT OR REPLACE INTO architectures VALUES (?, ?, ?)", architectures)
        segments = [(position, *values) for position, values in self._fresh.items()]
        database.executemany("INSERT OR REPLACE INTO segments VALUES (?, ?, ?, ?)", segments)

    def written(self) -> None:
        """The transaction of the last `write` is in the file."""
        self._fresh.clear()
        self._fresh_architectures.clear()

    def _architecture(self, modules: Sequence[ModuleInfo], parameters: Sequence[ParameterInfo]) -> int:
        if self._last[0] == modules and self._last[1] == parameters:
            return self._last[2]
        texts = records_to_json(modules), records_to_json(parameters)
        if texts not in self._ids:
            if self._bytes + len(texts[0]) + len(texts[1]) > ARCHITECTURE_BYTES:
                return 0  # the stretch is kept, its lists are not
            self._bytes += len(texts[0]) + len(texts[1])
            self._ids[texts] = len(self._ids)
            self._fresh_architectures[self._ids[texts]] = texts
        self._last = (modules, parameters, self._ids[texts])
        return self._last[2]


def _blocks(buckets: int) -> int:
    return -(-buckets // BLOCK)
