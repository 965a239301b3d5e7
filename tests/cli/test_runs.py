import json
from functools import partial

from tests.cli.verbs import call, record

runs = partial(call, "runs")


def test_a_line_for_each_run_newest_first(here, capsys):
    record(here / ".gradwise/runs/a")
    record(here / ".gradwise/runs/b", status="failed", error="ValueError: x")
    code, out, _ = runs(capsys)
    head, first, second = out.splitlines()
    assert code == 0
    assert head.split() == ["RUN", "SCRIPT", "STEPS", "TIME", "ENDED", "SIZE"]
    assert first.split()[:6] == ["b", "train.py", "200", "12.3", "s", "failed"]
    assert second.split()[:6] == ["a", "train.py", "200", "12.3", "s", "finished"]


def test_broken_and_running_ones_are_listed_too(here, capsys):
    writer = record(here / "all/a", status="running")
    (here / "all/z").mkdir()
    out = runs(capsys, "all")[1]
    listed = json.loads(runs(capsys, "all", "--json")[1])
    writer.close()
    assert "running" in out
    assert "unreadable" in out
    states = {run["name"]: run["status"] for run in listed["runs"]}
    assert states == {"a": "running", "z": "unreadable"}
    assert listed["schema"] == 1


def test_no_runs(here, capsys):
    assert runs(capsys) == (0, "no runs under .gradwise/runs; record one with `gradwise check SCRIPT`.\n", "")
    assert json.loads(runs(capsys, "--json")[1]) == {"schema": 1, "runs": []}
    code, out, err = runs(capsys, "nowhere")
    assert (code, out) == (2, "")
    assert err == "gradwise: there is no directory nowhere; give the one that holds the runs.\n"
