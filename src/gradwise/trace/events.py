"""What is on its way into the run file: values of evaluation phases, and facts.

Both follow `gradwise.trace.buffers.Buffer`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter

import numpy as np

from gradwise.trace.model import Fact
from gradwise.trace.schema import storable, to_json
from gradwise.trace.thin import rows_to_drop

EVALUATION_LIMIT = 2048  # evaluation phases kept per place
EVALUATION_PLACES = 64  # places with evaluations kept
FACT_LIMIT = 2000  # facts kept
FACT_BYTES = 8_000_000  # bytes of facts kept
FACT_LENGTH = 1_000_000  # bytes; a longer fact keeps its kind and place only


class Evaluations:
    """Values of evaluation phases; thinned evenly, keeping each place's smallest and largest."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[int, float]] = {}
        self._fresh: set[tuple[str, str, int]] = set()
        self._gone: set[tuple[str, str, int]] = set()

    def add(self, step: int, signal: str, place: str, value: float) -> None:
        """The value of one place in the phase after ``step`` steps; a later one replaces it."""
        signal, place = storable(signal), storable(place)
        if (signal, place) not in self._values and len(self._values) >= EVALUATION_PLACES:
            return
        values = self._values.setdefault((signal, place), {})
        values[int(step)] = float(value)
        self._fresh.add((signal, place, int(step)))
        self._gone.discard((signal, place, int(step)))
        if len(values) > EVALUATION_LIMIT:
            self._thin(signal, place, values)

    @property
    def changed(self) -> bool:
        """Whether the file lacks something."""
        return bool(self._fresh or self._gone)

    def write(self, database: sqlite3.Connection) -> None:
        """Bring the file up to date."""
        delete = "DELETE FROM evaluations WHERE signal = ? AND place = ? AND step = ?"
        database.executemany(delete, self._gone)
        rows = [(*key, self._values[key[:2]][key[2]]) for key in self._fresh]
        database.executemany("INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?, ?)", rows)

    def written(self) -> None:
        """The transaction of the last `write` is in the file."""
        self._fresh.clear()
        self._gone.clear()

    def _thin(self, signal: str, place: str, values: dict[int, float]) -> None:
        steps = np.array(sorted(values), dtype=np.int64)
        ordered = np.array([values[int(step)] for step in steps])
        known = np.nan_to_num(ordered, nan=0.0)
        keep = {int(np.argmin(known)), int(np.argmax(known))}
        ones = np.ones(len(steps), dtype=np.int64)
        for position in rows_to_drop(steps, ones, keep, EVALUATION_LIMIT // 16):
            step = int(steps[position])
            del values[step]
            self._fresh.discard((signal, place, step))
            self._gone.add((signal, place, step))


class Facts:
    """Facts in the order seen; past the limit, the most frequent kind loses the middle of its facts."""

    def __init__(self) -> None:
        self._kinds: dict[str, list[int]] = {}
        self._sizes: dict[int, int] = {}
        self._bytes = 0
        self._next_id = 1
        self._fresh: dict[int, tuple[int, int, str, str, str]] = {}
        self._gone: list[int] = []
        self._left_out: Counter[str] = Counter()

    def add(self, fact: Fact) -> None:
        """Keep a fact, if need be in place of an older one of the most frequent kind."""
        data = to_json(dict(fact.data))
        if len(data) > FACT_LENGTH:
            data = to_json({"left_out": f"{len(data)} bytes"})
        kind, where = storable(fact.kind), storable(fact.where)
        self._fresh[self._next_id] = (self._next_id, int(fact.step), kind, where, data)
        self._kinds.setdefault(kind, []).append(self._next_id)
        self._sizes[self._next_id] = len(data) + len(where) + len(kind)
        self._bytes += self._sizes[self._next_id]
        self._next_id += 1
        while len(self._sizes) > FACT_LIMIT or self._bytes > FACT_BYTES:
            self._drop_one()

    @property
    def changed(self) -> bool:
        """Whether the file lacks something."""
        return bool(self._fresh or self._gone)

    def write(self, database: sqlite3.Connection) -> None:
        """Bring the file up to date."""
        database.executemany("DELETE FROM facts WHERE id = ?", [(i,) for i in self._gone])
        database.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?, ?)", self._fresh.values())
        if self._left_out:
            left_out = to_json(self._left_out)
            database.execute("INSERT OR REPLACE INTO run VALUES ('facts_left_out', ?)", (left_out,))

    def written(self) -> None:
        """The transaction of the last `write` is in the file."""
        self._fresh.clear()
        self._gone.clear()

    def _drop_one(self) -> None:
        kind = max(self._kinds, key=lambda name: len(self._kinds[name]))
        # The first of a kind tells since when, the last tells how it stands now.
        victim = self._kinds[kind].pop(len(self._kinds[kind]) // 2)
        self._bytes -= self._sizes.pop(victim)
        self._left_out[kind] += 1
        if self._fresh.pop(victim, None) is None:
            self._gone.append(victim)
