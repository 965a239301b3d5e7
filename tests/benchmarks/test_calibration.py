"""Calibration: what is kept, judged and moved, on runs of one layer whose share of silent units is known."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration import judging
from benchmarks.calibration.judging import FACTORS, RAISED, judge, judge_all, settings_of
from benchmarks.calibration.recording import (
    ORIGIN,
    Kept,
    digest,
    kept_in,
    missing,
    problem,
    record,
    spread,
    tasks_of,
)
from benchmarks.detection.corpus import Script
from gradwise.rules.collection import find_rule
from gradwise.rules.dead_relu import SILENT_LIMIT
from gradwise.settings.thresholds import thresholds_of
from gradwise.trace.model import ModuleInfo, RunInfo, Segment
from gradwise.trace.store import TraceWriter

SCRIPT = """
import os
import torch
torch.manual_seed(int(os.environ["SEED"]))
net = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(12):
    x = torch.randn(16, 3)
    loss = torch.nn.functional.mse_loss(net(x), x[:, :1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""


def made(tmp_path: Path, name="silent", kind="sick", share=0.7, split="calibration", expected="dead-relu"):
    """A kept run of 200 steps, whose loss hardly falls, with that share of a ReLU layer silent."""
    path = tmp_path / f"{name}.py"
    path.write_text(name)
    script = Script(name, kind, path, expected if kind != "healthy" else "", (), split)
    kept = Kept(script, 0, tmp_path / "runs" / split / kind / name / "seed-0")
    modules = (ModuleInfo("fc1", "Linear", parameters=8, activation="relu", units=64),)
    info = RunInfo(script=f"{name}.py", argv=(), started="2026-11-21T10:28:33+00:00", status="running")
    writer = TraceWriter(kept.run, info)
    writer.segment(0, Segment(0, 200, modules, ()))
    layout = writer.layout([("silent_share", "fc1"), ("batch_size", "net")])
    for step in range(0, 200, 5):
        writer.sample(step, layout, np.array([share, 64], np.float32))
    writer.steps("loss", 0, np.linspace(2.0, 1.9, 200))
    writer.close()
    (kept.folder / ORIGIN).write_text(json.dumps({"digest": digest(path)}))
    return kept


# ------------------------------------------------------------------- what is kept


def unit(*names: str, kind="sick") -> tuple[Script, ...]:
    return tuple(Script(name, kind, Path(f"{name}.py"), "dead-relu") for name in names)


def test_a_part_of_the_corpus_is_spread_over_it_and_parts_no_pair():
    units = [unit(f"{n}-sick", f"{n}-fixed") for n in range(20)] + [unit(f"{n}-fine") for n in range(20)]
    chosen = [script.name for script in spread(units, 15)]
    assert 13 <= len(chosen) <= 15
    numbers = [name.removesuffix("-sick") for name in chosen if name.endswith("-sick")]
    assert [name for name in chosen if name.endswith("-fixed")] == [f"{n}-fixed" for n in numbers]
    assert min(map(int, numbers)) < 5 and max(map(int, numbers)) >= 15
    assert 3 <= sum(name.endswith("-fine") for name in chosen) <= 7
    assert len(spread(units, 0)) == len(spread(units, 1000)) == 60


def test_sick_scripts_run_under_every_seed_and_others_under_one(tmp_path):
    scripts = [*unit("a"), *unit("b", kind="fixed"), *unit("c", kind="healthy")]
    tasks = tasks_of(scripts, 3, tmp_path)
    assert [(task.script.name, task.seed) for task in tasks] == [
        ("a", 0), ("a", 1), ("a", 2), ("b", 0), ("c", 0),
    ]  # fmt: skip
    assert len({task.folder for task in tasks}) == 5


def test_a_run_is_kept_until_its_script_changes(tmp_path):
    kept = made(tmp_path)
    assert problem(kept) == "" and list(missing([kept])) == []
    assert kept_in(tmp_path / "runs", [kept.script]) == [kept]
    kept.script.path.write_text("another text")
    assert "changed" in problem(kept) and list(missing([kept])) == [kept]
    shutil.rmtree(kept.folder)
    assert problem(kept) == "not recorded"
    assert kept_in(tmp_path / "runs", [kept.script]) == []


def test_recording_keeps_what_check_recorded_and_says_why_it_could_not(tmp_path):
    path = tmp_path / "tiny.py"
    path.write_text(SCRIPT)
    there = Kept(Script("tiny", "healthy", path), 0, tmp_path / "there")
    told: list[tuple[str, bool]] = []
    faults = record([there], jobs=1, tell=lambda task, fault: told.append((task.script.name, bool(fault))))
    assert faults == {} and told == [("tiny", False)]
    assert problem(there) == ""
    assert not list(there.run.glob("*.html"))
    judged = judge(there)
    assert judged.problem == "" and judged.as_recorded
    path.write_text("raise SystemExit('no training here')")
    (fault,) = record([there], jobs=1).values()
    assert fault.startswith("exit ")
    assert problem(there) == "not recorded"


# ----------------------------------------------------------------- what is judged


def test_a_threshold_that_is_moved_past_the_measured_value_changes_the_answer(tmp_path):
    above, below = made(tmp_path, share=0.7), made(tmp_path, "alive", "healthy", share=0.5)
    assert SILENT_LIMIT == 0.6
    sick, fine = judge(above, ["dead-relu"]), judge(below, ["dead-relu"])
    assert sick.spoke["dead-relu"] == "sick" and sick.first == sick.first_of_all == "dead-relu"
    assert "dead-relu" not in fine.spoke
    limit = {factor: sick.moved.get(("dead-relu", "SILENT_LIMIT", factor)) for factor in FACTORS}
    assert limit == {0.5: None, 0.8: None, 1.25: "", 2.0: ""}
    limit = {factor: fine.moved.get(("dead-relu", "SILENT_LIMIT", factor)) for factor in FACTORS}
    assert limit == {0.5: "sick", 0.8: "sick", 1.25: None, 2.0: None}
    assert not [setting for setting in sick.moved if setting[0] != "dead-relu"]


def test_no_threshold_is_moved_on_a_script_that_is_only_scored(tmp_path):
    judged = judge(made(tmp_path, split="scored"), ["dead-relu"])
    assert judged.spoke["dead-relu"] == "sick" and judged.moved == {}


def test_a_run_that_cannot_be_read_is_told_and_stops_nothing(tmp_path):
    good, bad = made(tmp_path), made(tmp_path, "torn")
    next(bad.run.glob("*.sqlite")).write_bytes(b"nothing")
    seen = []
    judged = judge_all([bad, good], (), jobs=2, tell=seen.append)
    assert judged == seen
    assert judged[0].problem and str(tmp_path) not in judged[0].problem
    assert judged[1].first == "dead-relu"


def test_what_was_said_when_it_was_recorded_is_compared(tmp_path):
    kept = made(tmp_path)
    assert judge(kept).as_recorded  # nothing to compare with
    kept.report.write_text(json.dumps({"schema": 1, "findings": []}))
    assert not judge(kept).as_recorded


def test_counts_stay_whole_and_settings_that_change_nothing_are_left_out():
    settings = {(name, factor): value for name, factor, value in settings_of(find_rule("dead-relu"))}
    assert settings["MIN_SAMPLES", 0.8] == 3 and isinstance(settings["MIN_SAMPLES", 0.8], int)
    assert settings["SILENT_LIMIT", 0.5] == pytest.approx(SILENT_LIMIT / 2)
    for rule in ("dead-relu", "bias-before-norm", "tiny-batch-norm"):
        for name, factor, value in settings_of(find_rule(rule)):
            assert value != thresholds_of(find_rule(rule))[name], (name, factor)


def test_a_number_that_a_rule_cannot_stand_is_marked(tmp_path, monkeypatch):
    def refuse(trace):
        raise ZeroDivisionError

    monkeypatch.setattr(judging, "check_with", lambda rule, values: refuse)
    monkeypatch.setattr(judging, "_checks", judging._checks.__wrapped__)  # kept from other tests
    judged = judge(made(tmp_path), ["dead-relu"])
    assert set(judged.moved.values()) == {RAISED}
