"""Verbs called in this process, and runs for them to read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from gradwise.cli.app import main
from gradwise.trace.model import Segment
from gradwise.trace.store import TraceWriter
from tests.report.runs import run_info, sick_trace


def call(verb, capsys, *argv):
    """Run a verb; its exit code, standard output and standard error."""
    with pytest.raises(SystemExit) as ended:
        main([verb, *map(str, argv)])
    captured = capsys.readouterr()
    return ended.value.code or 0, captured.out, captured.err


def record(directory, status="finished", **changes):
    """A trace file whose layer ``features.3`` dies, written as a watcher writes it."""
    trace = sick_trace(steps=200, samples=30)
    info = run_info(steps=200, status=status, started=datetime.now(UTC).isoformat(), **changes)
    writer = TraceWriter(directory, replace(info, status="running", steps=0))
    writer.segment(0, Segment(0, 200, trace.modules, trace.parameters))
    table = trace.tables["silent_share"]
    layout = writer.layout([("silent_share", place) for place in table.places])
    for step in range(10, 200, 5):
        shares = [0.1, 0.1, 0.1, 0.95 if step > 60 else 0.1]
        writer.sample(step, layout, np.array(shares, dtype=np.float32))
    writer.steps("loss", 0, np.linspace(2.0, 1.9, 200))
    writer.flush()
    if status != "running":
        writer.run(info)
        writer.close()
    return writer
