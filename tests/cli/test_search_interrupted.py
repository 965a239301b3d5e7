"""Searches by two processes at once, interrupted, killed, and gone on with."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tests.cli.test_search import QUICK, document, place, search
from tests.watch.processes import environment, shared, wait_for

__all__ = ["place"]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def strike(number, when, after=0.3):
    def act(process, shown):
        wait_for(shown, when)
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)

    return act


def states(place, name):
    """Trials of a study by their state, as SQLite holds them."""
    with contextlib.closing(sqlite3.connect(place / ".gradwise" / "searches" / name / "study.db")) as base:
        return [state for (state,) in base.execute("select state from trials order by number")]


def resumed(place, name, *more):
    return shared().run(
        "search", "--resume", f".gradwise/searches/{name}", "--json", f"{name}.json", *more, cwd=place
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_shows_what_was_learnt_and_puts_the_trial_back(place, number):
    name = f"stopped{number.value}"
    done = search(place, "--trials", 40, "--epochs", 80, "--name", name, meanwhile=strike(number, "trial 1 "))
    assert done.code == 130, done.err
    assert "Traceback" not in done.err
    assert "the trial under way is put back" in done.err
    assert f"gradwise search --resume .gradwise/searches/{name}" in done.err
    assert (place / ".gradwise" / "searches" / name / "best.toml").exists()
    before = states(place, name)
    assert before.count("RUNNING") == 0 and before.count("WAITING") == 1
    finished = len(before) - 2
    later = resumed(place, name, "--trials", finished + 1, "--confirm", 0)
    assert later.code == 0, later.err
    told = document(place, f"{name}.json")["trials"]
    cut = [each for each in told if each["state"] == "dropped"]
    assert len(cut) == 1 and cut[0]["why"] == "interrupted"
    again = [each for each in told if each["settings"] == cut[0]["settings"] and each["state"] != "dropped"]
    assert again, "the trial was begun again"
    assert sum(each["state"] in ("complete", "pruned") for each in told) == finished + 1


def test_after_kill_9_the_search_goes_on(place):
    done = search(
        place,
        "--trials",
        40,
        "--epochs",
        60,
        "--name",
        "killed",
        meanwhile=strike(signal.SIGKILL, "trial 1 "),
    )
    assert done.code == -signal.SIGKILL
    before = states(place, "killed")
    assert before[0] == "COMPLETE"
    died = before.count("RUNNING")
    finished = len(before) - died
    later = resumed(place, "killed", "--trials", finished + 1, "--confirm", 1)
    assert later.code == 0, later.err
    told = document(place, "killed.json")["trials"]
    assert [each["why"] for each in told if each["state"] == "dropped"] == ["its process ended"] * died
    assert sum(each["state"] in ("complete", "pruned") for each in told) == finished + 1
    assert told[0]["default"]


def test_two_processes_work_on_one_study(place):
    words = ["search", "iris.csv", "--target", "kind", "--space", "space.toml", *QUICK]
    words += ["--name", "both", "--trials", 16, "--epochs", 20, "--confirm", 1]

    def start(file):
        command = [sys.executable, "-m", "gradwise", *map(str, words), "--json", file]
        return subprocess.Popen(
            command, cwd=place, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    workers = [start("one.json"), start("two.json")]
    shown = [worker.communicate(timeout=120)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], shown
    assert not any("Traceback" in text for text in shown)
    documents = [document(place, name) for name in ("one.json", "two.json")]
    whole = max(documents, key=lambda told: sum(each["state"] != "running" for each in told["trials"]))
    assert [each["number"] for each in whole["trials"]] == list(range(len(whole["trials"])))
    assert 16 <= len(whole["trials"]) <= 17, "both may have begun the last one"
    assert sum(each["default"] for each in whole["trials"]) == 1
    drawn = [json.dumps(each["settings"]) for each in whole["trials"]]
    assert len(set(drawn)) == len(drawn), "no two workers drew alike"
    ended = [text.count("epochs ") for text in shown]
    assert min(ended) >= 1, "both trained"
    assert (place / ".gradwise" / "searches" / "both" / "best.toml").exists()
    if not whole["best"]["default"]:
        assert any(told["confirmation"] for told in documents), "the last one confirms"
