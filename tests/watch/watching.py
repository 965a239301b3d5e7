"""Watching in this process, with every step sampled, as ``gradwise check`` would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradwise.trace.model import Trace
from gradwise.trace.read import read_run
from gradwise.trace.store import TraceWriter
from gradwise.watch.patches import Patches
from gradwise.watch.recording import run_info
from gradwise.watch.session import Session

UNBOUNDED = 1e9  # share of step time: the budget never refuses a sample that is planned


@contextmanager
def watched(directory: Path, **options) -> Iterator[Session]:
    """A session over the block; every one of its first ten steps is sampled."""
    info = run_info("script.py", ())
    session = Session(TraceWriter(directory, info), info, share=UNBOUNDED, **options)
    patches = Patches(session)
    try:
        yield session
    finally:
        patches.remove()
        session.finish("finished")


def trace_of(directory: Path) -> Trace:
    """The whole run."""
    return read_run(directory).trace


def at(trace: Trace, signal: str, place: str, step: int) -> float:
    """One sampled value."""
    table = trace.sampled(signal)
    return float(table.column(place)[list(table.steps).index(step)])
