"""Runs to write and read back, and a user who may not write."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gradwise.trace.model import Fact, ModuleInfo, ParameterInfo, RunInfo, Segment
from gradwise.trace.store import TraceWriter

COLUMNS = [("grad_norm", "fc.weight"), ("grad_norm", "fc.bias"), ("act_mean", "fc")]
MODULES = (ModuleInfo("fc", "Linear", parameters=8, activation="relu", units=2),)
PARAMETERS = (ParameterInfo("fc.weight", (2, 3), module="fc"), ParameterInfo("fc.bias", (2,), module="fc"))


def fill(writer: TraceWriter, steps: int = 30) -> None:
    """A small run: every kind of record once."""
    writer.segment(0, Segment(0, steps, MODULES, PARAMETERS))
    layout = writer.layout(COLUMNS)
    for step in range(steps):
        writer.sample(step, layout, np.array([step, 2 * step, np.nan], np.float32))
    writer.steps("loss", 0, np.linspace(2.0, 1.0, steps))
    writer.evaluation(steps, "val_loss", "cross_entropy", 1.5)
    writer.fact(Fact(0, "optimizer", "SGD", {"class": "SGD", "lr": 0.1}))


@pytest.fixture
def running() -> RunInfo:
    """What a watcher knows when the run begins."""
    return RunInfo(
        script="train.py", argv=("--lr", "1"), started="2026-11-21T10:28:33+00:00", status="running"
    )


@pytest.fixture
def make_writer(tmp_path: Path, running: RunInfo) -> Iterator[Callable[[str], TraceWriter]]:
    """Writers that are closed at the end of the test."""
    writers: list[TraceWriter] = []

    def make(name: str = "run") -> TraceWriter:
        writers.append(TraceWriter(tmp_path / name, running))
        return writers[-1]

    yield make
    for writer in writers:
        writer.close()


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user may enter (the parents of tmp_path are private)."""
    folder = Path(tempfile.mkdtemp(prefix="gradwise-test-"))
    folder.chmod(0o755)
    yield folder
    for directory in [folder, *folder.rglob("*/")]:
        directory.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """Root may write everywhere; become somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
