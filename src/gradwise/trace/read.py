"""Reading a run file back into traces: finished, crashed, or still growing."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from gradwise.errors import TraceError
from gradwise.trace.model import Fact, ModuleInfo, ParameterInfo, RunInfo, Segment, Series, Trace
from gradwise.trace.opening import open_trace, trace_file
from gradwise.trace.process import is_alive
from gradwise.trace.schema import columns_from_json, modules_from_json, parameters_from_json, run_from_json
from gradwise.trace.tables import Cell, Samples, evaluation_tables
from gradwise.trace.thin import BUCKET

Named = TypeVar("Named", ModuleInfo, ParameterInfo)


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run.

    Args:
        info: what ran and how it ended; ``running`` also when the process was killed.
        trace: the whole run.
        segments: the run cut where the trained models changed; ``(trace,)`` when it never did.
        path: the run file.
        alive: whether the recording process still runs; None when it cannot be told from here.
    """

    info: RunInfo
    trace: Trace
    segments: tuple[Trace, ...]
    path: Path
    alive: bool | None = None


def read_run(path: Path) -> Run:
    """Read a recorded run.

    Args:
        path: a run directory or the file in it.

    Raises:
        TraceError: there is no run, it was cut short or damaged, or it is newer than this version.
    """
    file = trace_file(path)
    with open_trace(file) as database, _sound(file):
        return _read(database, file)


def read_info(path: Path) -> tuple[RunInfo, bool | None]:
    """What ran, and whether it still does (as `Run.alive`), without reading what it recorded.

    Raises:
        TraceError: as `read_run`.
    """
    file = trace_file(path)
    with open_trace(file) as database, _sound(file):
        return _info(database)


@contextmanager
def _sound(file: Path) -> Iterator[None]:
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TraceError(
            f"{file} is damaged ({error}); restore it from a copy or record the run again."
        ) from error


def _info(database: sqlite3.Connection) -> tuple[RunInfo, bool | None]:
    entries = dict(database.execute("SELECT key, value FROM run"))
    info = run_from_json(entries["info"])
    return info, is_alive(entries) if info.status == "running" else False


def _read(database: sqlite3.Connection, file: Path) -> Run:
    info, alive = _info(database)
    series, facts = _series(database), _facts(database)
    samples, evaluations = _samples(database), _evaluations(database)
    segments = _segments(database)
    ends = [int(s.steps[-1] + s.counts[-1]) for s in series.values() if len(s)]
    end = max([info.steps, *ends, *(segment.stop_step for segment in segments)])
    whole = Trace(
        run=info,
        series=series,
        tables={**samples.tables(0, np.inf), **evaluation_tables(evaluations)},
        facts=facts,
        modules=_last_by_name(segment.modules for segment in segments),
        parameters=_last_by_name(segment.parameters for segment in segments),
        steps=end,
        first_step=0,
    )
    parts = tuple(
        _restrict(whole, samples, evaluations, segments, position) for position in range(len(segments))
    )
    return Run(info, whole, parts or (whole,), file, alive)


def _restrict(
    whole: Trace, samples: Samples, evaluations: Sequence[Cell], segments: Sequence[Segment], position: int
) -> Trace:
    """One segment as a trace of its own; the last one reaches to the end of the run."""
    segment = segments[position]
    first, last = segment.first_step, position == len(segments) - 1
    stop = max(segment.stop_step, whole.steps) if last else segment.stop_step
    edge = np.inf if last else stop
    # An evaluation at step n judges the model after n steps: at a border it belongs to what came before.
    after = first if position else first - 1
    inside = [cell for cell in evaluations if after < cell[0] and (last or cell[0] <= stop)]
    return Trace(
        run=whole.run,
        series={name: series.between(first, stop) for name, series in whole.series.items()},
        tables={**samples.tables(first, edge), **evaluation_tables(inside)},
        facts=tuple(fact for fact in whole.facts if fact.kind == "note" or first <= fact.step < edge),
        modules=segment.modules,
        parameters=segment.parameters,
        steps=stop - first,
        first_step=first,
    )


def _series(database: sqlite3.Connection) -> dict[str, Series]:
    blobs: defaultdict[str, list[bytes]] = defaultdict(list)
    for signal, blob in database.execute("SELECT signal, buckets FROM step_blocks ORDER BY signal, block"):
        blobs[signal].append(blob)
    series = {}
    for signal, parts in blobs.items():
        buckets = np.frombuffer(b"".join(parts), BUCKET)
        whole = {name: buckets[name].astype(np.int64) for name in ("step", "count", "nonfinite")}
        parted = {name: buckets[name].astype(np.float64) for name in ("mean", "low", "high")}
        series[signal] = Series(
            whole["step"], whole["count"], parted["mean"], parted["low"], parted["high"], whole["nonfinite"]
        )
    return series


def _samples(database: sqlite3.Connection) -> Samples:
    layouts = {i: columns_from_json(text) for i, text in database.execute("SELECT id, columns FROM layouts")}
    rows = database.execute("SELECT step, layout, vector FROM samples ORDER BY step, id").fetchall()
    vectors = [np.frombuffer(blob, "<f4") for _, _, blob in rows]
    for (_, layout, _), vector in zip(rows, vectors, strict=True):
        if len(vector) != len(layouts[layout]):
            raise ValueError(f"a row has {len(vector)} numbers for {len(layouts[layout])} columns")
    steps = np.array([row[0] for row in rows], dtype=np.int64)
    return Samples(steps, np.array([row[1] for row in rows], dtype=np.int64), vectors, layouts)


def _evaluations(database: sqlite3.Connection) -> list[Cell]:
    rows = database.execute("SELECT step, signal, place, value FROM evaluations ORDER BY step, signal, place")
    return [(step, signal, place, np.nan if value is None else value) for step, signal, place, value in rows]


def _facts(database: sqlite3.Connection) -> tuple[Fact, ...]:
    rows = database.execute("SELECT step, kind, place, data FROM facts ORDER BY id")
    facts = [Fact(step, kind, place, json.loads(data)) for step, kind, place, data in rows]
    left_out = database.execute("SELECT value FROM run WHERE key = 'facts_left_out'").fetchone()
    if left_out:
        counts = json.loads(left_out[0])
        error = ", ".join(f"{count} facts of kind {kind}" for kind, count in counts.items())
        data = {"where": "trace", "error": f"left out to keep the trace small: {error}", "left_out": counts}
        facts.append(Fact(max(fact.step for fact in facts), "note", "trace", data))
    return tuple(facts)


def _segments(database: sqlite3.Connection) -> list[Segment]:
    architectures = {
        i: (modules_from_json(modules), parameters_from_json(parameters))
        for i, modules, parameters in database.execute("SELECT id, modules, parameters FROM architectures")
    }
    rows = database.execute("SELECT first_step, stop_step, architecture FROM segments ORDER BY position")
    return [Segment(first, stop, *architectures.get(i, ((), ()))) for first, stop, i in rows]


def _last_by_name(groups: Iterable[Sequence[Named]]) -> tuple[Named, ...]:
    """Every name once, as it was last seen."""
    return tuple({item.name: item for group in groups for item in group}.values())
