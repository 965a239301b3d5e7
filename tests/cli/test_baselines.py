"""``gradwise baselines`` as it is typed: the table, JSON, Ctrl-C, a run beside, and no torch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from gradwise.baselines.results import Comparison, Entry
from gradwise.cli.baselines_page import document, render
from gradwise.data.examples import Choice
from gradwise.data.opening import open_source
from gradwise.fitting.record import Record
from tests.cli.as_typed import write_iris
from tests.cli.verbs import call

# As where torch is not installed: SciPy looks for it among the modules and takes None for one.
WITHOUT_TORCH = """
import sys
class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nowhere())
from gradwise.cli.app import main
main(sys.argv[1:])
"""
QUICK = ("--only", "naive-bayes,logistic-regression:c=1", "--folds", "3")


@pytest.fixture
def iris(here):
    return write_iris(here)


def test_the_table_and_what_was_chosen(iris, capsys) -> None:
    code, out, error = call("baselines", capsys, "iris.csv", "-t", "kind", *QUICK)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split()[:2] == ["model", "accuracy"]
    assert [line.split()[0] for line in lines[1:4]][-1] == "guessing"
    assert "worse (p" in lines[3] and "best" in lines[1]
    assert out.endswith("\n") and "150 rows, 3 folds" in out
    assert "stratified by class" in error and "150 rows, 4 columns" in error
    assert list(iris.iterdir()) == [iris / "iris.csv"], "nothing is left behind"


def test_quiet_prints_the_table_alone(iris, capsys) -> None:
    code, out, error = call("baselines", capsys, "iris.csv", "-t", "kind", *QUICK, "--quiet")
    assert (code, error) == (0, "") and "naive-bayes" in out


def test_json_beside_the_table_or_alone(iris, capsys) -> None:
    code, out, _ = call("baselines", capsys, "iris.csv", "-t", "kind", *QUICK, "-q", "--json", "out.json")
    made = json.loads((iris / "out.json").read_text())
    assert code == 0 and "guessing" in out
    assert (
        made["schema"] == 1
        and made["metric"] == "accuracy"
        and made["folds"] == 3
        and not made["interrupted"]
    )
    entry = made["entries"][0]
    assert len(entry["scores"]) == 3 and entry["low"] <= entry["mean"] <= entry["high"]
    assert entry["p"] is None and made["entries"][-1]["beside"] == "worse"
    code, out, _ = call("baselines", capsys, "iris.csv", "-t", "kind", *QUICK, "-q", "--json", "-")
    again = json.loads(out)
    assert [each["scores"] for each in again["entries"]] == [each["scores"] for each in made["entries"]]


def test_without_torch(iris) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, "baselines", "iris.csv", "-t", "kind", *QUICK]
    done = subprocess.run(command, cwd=iris, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "naive-bayes" in done.stdout and "\x1b" not in done.stdout + done.stderr, (
        "no colour, no bar in a pipe"
    )


def test_ctrl_c_shows_what_is_done(here) -> None:
    x = np.random.default_rng(0).normal(size=(900, 40))
    pl.DataFrame(
        {**{f"c{at}": x[:, at] for at in range(40)}, "y": (x[:, :5].prod(axis=1) > 0).astype(int)}
    ).write_csv("data.csv")
    command = [
        sys.executable,
        "-m",
        "gradwise",
        "baselines",
        "data.csv",
        "-t",
        "y",
        "--folds",
        "50",
        "--seconds",
        "300",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while "stratified" not in (line := process.stderr.readline()):
            assert line
        time.sleep(3)
        os.kill(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert out.splitlines()[0].startswith("model") and "guessing" in out and "interrupted" in out


def made_run(folder, **changes):
    """A run directory with what a comparison reads of it."""
    (folder / "run").mkdir()
    options = {
        "target": ["kind"],
        "time": None,
        "group": None,
        "ids": None,
        "text": None,
        "drop": [],
        "series": [],
        "task": "auto",
        "image_size": None,
    }
    source = open_source(folder / "iris.csv", target="kind")
    data = {"paths": ["iris.csv"], "options": options, "fingerprint": source.fingerprint(), "rows": 150}
    verdict = {"metric": "accuracy", "score": 0.9123}
    record = Record(data=data, config={"seed": 3}, verdict=verdict, status="finished")
    replace(record, **changes).write(folder / "run")


def test_beside_a_run_on_its_own_validation_rows(iris, capsys) -> None:
    made_run(iris)
    code, out, error = call("baselines", capsys, "--run", "run", *QUICK)
    assert code == 0, error
    assert "on the run's rows" in out.splitlines()[0]
    assert any(line.startswith("run run") and line.endswith("0.9123") for line in out.splitlines())
    code, _, error = call(
        "baselines", capsys, "iris.csv", "-t", "kind", "--run", "run", *QUICK, "--metric", "f1"
    )
    assert code == 2 and "run run was judged by accuracy" in error
    code, _, error = call(
        "baselines", capsys, "iris.csv", "-t", "kind", "--run", "run", *QUICK, "--drop", "sepal width (cm)"
    )
    assert code == 2 and "other data" in error
    code, _, error = call("baselines", capsys, "--run", "run", "-t", "kind")
    assert code == 2 and "--run without data" in error


def test_a_run_that_was_never_judged(iris, capsys) -> None:
    made_run(iris, verdict={})
    code, _, error = call("baselines", capsys, "--run", "run")
    assert code == 2 and "no score on validation rows" in error


def comparison(**changes):
    entries = [
        Entry("svm-rbf", [0.9, 1.0], 0.95, 0.9, 1.0, beside="best", seconds=1.25, rows=10, settings=[{"kernel": "rbf", "c": 10.0}] * 2),
        Entry("guessing", [0.5, float("nan")], 0.5, float("nan"), float("nan"), 0.01, "worse", 0.5, 10, [{}], ["1 of 2 folds"]),
    ]  # fmt: skip
    made = Comparison(
        "accuracy",
        True,
        "classes",
        20,
        2,
        entries,
        [Choice("metric", "accuracy", "asked for")],
        ["a note"],
        3.4,
    )
    return replace(made, **changes)


LAST = "intervals and p by the corrected resampled t test, p for the number of models"


def test_the_page_letter_by_letter() -> None:
    assert render(comparison(), 200).splitlines() == [
        "model     accuracy  95 % interval     beside the best  folds  seconds  settings",
        "svm-rbf     0.9500  0.9000 to 1.0000  best                 2      1.2  c=10",
        "guessing    0.5000                    worse (p 0.01)     1/2      0.5",
        "guessing: 1 of 2 folds",
        "a note",
        "20 rows, 2 folds, 3 s; settings are searched within the training rows; " + LAST,
    ]
    assert "accuracy (less is better)" in render(comparison(rises=False), 200)
    assert render(comparison(interrupted=True), 200).splitlines()[-1].startswith("interrupted; 20 rows")
    assert document(comparison())["entries"][1]["scores"] == [0.5, None]
