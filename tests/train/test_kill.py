"""Trainings killed at random moments and resumed end with the very same weights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import gradwise

SCRIPT = Path(__file__).parent / "scripts" / "resumable.py"
KILLS = int(os.environ.get("GRADWISE_KILLS", "8"))
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def start(*arguments: object) -> subprocess.Popen[str]:
    places = {"PYTHONPATH": str(Path(gradwise.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(SCRIPT), *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, **places}, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    with start(tmp_path_factory.mktemp("chains"), KILLS, 1) as process:
        output, _ = process.communicate()
    assert process.returncode == 0
    return json.loads(output)


def test_every_chain_of_kills_ends_with_the_weights_of_an_uninterrupted_run(told):
    assert told["different"] == []
    assert told["clock"] + told["write"] == KILLS
    assert min(told["clock"], told["write"]) >= KILLS // 5


def test_the_trainings_learn_and_differ(told):
    ends = told["truth"].values()
    assert len({end["weights"] for end in ends}) == 3
    assert all(end["best"][1] < 1.0 for end in ends)
    epochs = {variant: len(end["losses"]) // 2 for variant, end in told["truth"].items()}
    assert epochs["momentum"] == epochs["average"] == 10
    assert epochs["layout"] < 10  # stopped early


def test_another_process_resumes_to_the_same_weights(told, tmp_path):
    with start(tmp_path, "average") as first:
        while not list(tmp_path.glob("last-*.json")):
            assert first.poll() is None
            time.sleep(0.005)
        first.kill()
    assert not (tmp_path / "end.json").exists()
    with start(tmp_path, "average") as second:
        assert second.wait() == 0
    assert json.loads((tmp_path / "end.json").read_text()) == told["truth"]["average"]
