"""Runs whose process is killed, or whose disk fills up, at moments nobody chose."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import gradwise
from gradwise.errors import TraceError
from gradwise.trace.read import read_run
from gradwise.trace.store import TraceWriter

# Writes as fast as it can, and prints how many steps are safely in the file.
CHILD = """
import sys
from pathlib import Path
import numpy as np
from gradwise.trace.model import Fact, ModuleInfo, RunInfo, Segment
from gradwise.trace.store import TraceWriter

writer = TraceWriter(Path(sys.argv[1]), RunInfo(script="train.py", status="running"))
layout = writer.layout([("grad_norm", str(i)) for i in range(3000)])
step = 0
while True:
    writer.segment(0, Segment(0, step + 500, (ModuleInfo("fc", "Linear"),)))
    for place in range(0, 500, 5):
        writer.sample(step + place, layout, np.full(3000, step + place, np.float32))
    writer.steps("loss", step, np.arange(step, step + 500, dtype=np.float64))
    writer.evaluation(step, "val_loss", "here", float(step))
    writer.fact(Fact(step, "clip", "", {"step": step}))
    writer.flush()
    step += 500
    print(step, flush=True)
"""


def _start(directory: Path) -> subprocess.Popen[str]:
    environment = {"PYTHONPATH": str(Path(gradwise.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(directory)], stdout=subprocess.PIPE, text=True, env=environment
    )


def _check(directory: Path, promised: int) -> int:
    """The run is whole up to some flush, at or after the last one that was reported."""
    trace = read_run(directory).trace
    assert trace.steps >= promised
    assert trace.steps % 500 == 0
    loss = trace.step_signal("loss")
    assert loss.counts.sum() == trace.steps
    np.testing.assert_allclose(loss.mean, loss.steps + (loss.counts - 1) / 2)
    table = trace.sampled("grad_norm")
    assert table.steps[-1] == trace.steps - 5
    np.testing.assert_array_equal(table.values, np.repeat(table.steps[:, None], 3000, axis=1))
    assert trace.facts[-1].step == trace.sampled("val_loss").steps[-1] == trace.steps - 500
    return trace.steps


@pytest.mark.parametrize("seed", range(6))
def test_kill_at_a_random_moment_leaves_a_whole_run(tmp_path, seed):
    with _start(tmp_path / "run") as child:
        assert child.stdout is not None
        promised = int(child.stdout.readline())
        assert read_run(tmp_path / "run").alive is True
        time.sleep(random.Random(seed).uniform(0.0, 0.8))
        child.send_signal(signal.SIGKILL)
        promised = max([promised, *map(int, child.stdout.read().split("\n")[:-1])])
    run = read_run(tmp_path / "run")
    assert (run.info.status, run.alive) == ("running", False)
    _check(tmp_path / "run", promised)


def test_reading_all_the_while(tmp_path):
    seen = []
    with _start(tmp_path / "run") as child:
        assert child.stdout is not None
        child.stdout.readline()
        seen += [_check(tmp_path / "run", 0) for _ in range(5)]
        child.kill()
    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


FORK = """
import os, sys
from pathlib import Path
import numpy as np
from gradwise.trace.model import RunInfo
from gradwise.trace.store import TraceWriter

writer = TraceWriter(Path(sys.argv[1]), RunInfo(status="running"))
for round in range(10):
    writer.steps("loss", round, np.ones(1))
    writer.flush()
    child = os.fork()
    if child == 0:
        writer.steps("loss", 90, np.ones(1))
        sys.exit(0)  # closes what it inherited, unlike os._exit
    os.waitpid(child, 0)
os._exit(0)  # nothing is closed
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_children_that_end_in_the_usual_way_do_not_harm_the_run(tmp_path):
    environment = {"PYTHONPATH": str(Path(gradwise.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", FORK, str(tmp_path / "run")], env=environment, check=True)
    assert (tmp_path / "run" / "trace.sqlite-wal").stat().st_size > 0
    assert read_run(tmp_path / "run").trace.step_signal("loss").steps.tolist() == list(range(10))


@pytest.fixture
def small_disk():
    """A disk of 3 MB of its own."""
    place = Path(tempfile.mkdtemp(prefix="gradwise-disk-"))
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        place.rmdir()
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
    place.rmdir()


def test_a_disk_that_fills_up(small_disk, running):
    writer = TraceWriter(small_disk / "run", running)
    layout = writer.layout([("act_std", str(i)) for i in range(3000)])
    written = 0

    def record_for_ever():
        nonlocal written
        for step in range(2000):
            writer.steps("loss", step, np.array([float(step)]))
            writer.sample(step, layout, np.full(3000, step, np.float32))
            writer.flush()
            written = step + 1

    with pytest.raises(TraceError, match=r"can no longer be recorded .*stays readable"):
        record_for_ever()
    writer.steps("loss", written + 1, np.ones(1))
    writer.flush()
    writer.close()
    assert written > 50
    trace = read_run(small_disk / "run").trace
    assert trace.steps >= written
    assert len(trace.sampled("act_std")) == trace.steps


def test_a_disk_that_is_full_from_the_start(small_disk, running):
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
        while True:
            ballast.write(bytes(4096))
    assert shutil.disk_usage(small_disk).free == 0
    with pytest.raises(
        TraceError, match=r"cannot be written \(.*(full|No space|disk I/O).*\); choose another"
    ):
        TraceWriter(small_disk / "run", running)
    assert not (small_disk / "run" / "trace.sqlite").exists()
