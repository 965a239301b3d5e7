"""The search that is measured is the search that is offered."""

from __future__ import annotations

import polars as pl

from benchmarks.nets import search as benchmark
from tests.fitting.conftest import write_table


def test_winner_and_default_meet_on_rows_of_the_test(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "write", lambda name, folder: write_table(name, folder / "data.csv"))
    outcome = benchmark.measure("iris", 1, 4.0, 2, 1)
    assert outcome.fixed["test"] == 0.2 and outcome.metric == "accuracy"
    assert outcome.trials[0].default
    assert outcome.confirmation is None or outcome.confirmation.rows == "test"


def test_a_set_is_written_once(tmp_path):
    (tmp_path / "vowel.csv").write_text("x,y\n1,a\n")
    assert pl.read_csv(benchmark.write("vowel", tmp_path)).columns == ["x", "y"]
