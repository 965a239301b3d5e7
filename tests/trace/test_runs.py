from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime

import pytest

from gradwise.errors import TraceError
from gradwise.trace.runs import DEFAULT_ROOT, list_runs, new_run_directory
from gradwise.trace.store import TraceWriter
from tests.trace.conftest import fill

NOW = datetime(2026, 11, 21, 10, 28, 33)  # noqa: DTZ001 local time is meant


def test_the_name_of_a_run_is_its_time_and_script(tmp_path):
    assert new_run_directory(tmp_path / "runs", "deep/train.py", NOW).name == "20261121-102833-train"
    assert (
        new_run_directory(tmp_path / "runs", "package.module", NOW).name == "20261121-102833-package.module"
    )
    assert new_run_directory(tmp_path / "runs", "мой скрипт.py", NOW).name == "20261121-102833-run"
    assert str(DEFAULT_ROOT) == os.path.join(".gradwise", "runs")


def test_a_taken_name_gets_a_number(tmp_path, running):
    paths = [new_run_directory(tmp_path, "train.py", NOW) for _ in range(3)]
    assert [path.name for path in paths] == [f"20261121-102833-train{end}" for end in ("", "-2", "-3")]
    TraceWriter(paths[2], running).close()


def test_a_root_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TraceError, match=r"cannot be created .*choose another place with --out"):
        new_run_directory(tmp_path / "file", "train.py", NOW)
    with pytest.raises(TraceError, match="cannot be listed"):
        list_runs(tmp_path / "file")


def test_no_root_no_runs(tmp_path):
    assert list_runs(tmp_path / "none") == []


def test_runs_are_listed_newest_first_and_broken_ones_with_the_reason(tmp_path, running):
    for name, started, status in (
        ("old", "2026-11-20T09:00:00+00:00", "failed"),
        ("new", "2026-11-20T11:00:00+02:00", "finished"),
        ("newest", "2026-11-20T10:30:00+00:00", "running"),
    ):
        writer = TraceWriter(tmp_path / name, replace(running, started=started, status=status))
        fill(writer)
        writer.run(replace(running, started=started, status=status, steps=30, seconds=2.0))
        writer.close()
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "trace.sqlite").write_text("noise")
    os.utime(tmp_path / "noise", (0, 0))
    (tmp_path / "a file.txt").touch()
    runs = list_runs(tmp_path)
    assert [run.name for run in runs] == ["empty", "newest", "old", "new", "noise"]
    newest = runs[1]
    assert (newest.script, newest.steps, newest.status, newest.seconds) == ("train.py", 30, "running", 2.0)
    assert newest.size == (tmp_path / "newest" / "trace.sqlite").stat().st_size
    assert newest.alive is True
    assert newest.problem == ""
    assert "no trace.sqlite" in runs[0].problem
    assert "not an SQLite file" in runs[-1].problem
