from __future__ import annotations

import os
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from gradwise.errors import TraceError
from gradwise.trace.events import FACT_LIMIT
from gradwise.trace.model import Fact, ModuleInfo, Segment
from gradwise.trace.read import read_run
from gradwise.trace.store import TraceWriter
from tests.trace.conftest import COLUMNS, MODULES, PARAMETERS, fill


def test_everything_written_is_read_back(make_writer, running):
    writer = make_writer("run")
    fill(writer)
    writer.run(replace(running, status="finished", steps=30, seconds=1.5))
    writer.close()
    run = read_run(writer.path.parent)
    assert run.info == replace(running, status="finished", steps=30, seconds=1.5)
    assert run.path == writer.path
    assert run.alive is False
    assert run.trace.modules == MODULES
    assert run.trace.parameters == PARAMETERS
    assert run.trace.steps == 30
    assert run.trace.facts == (Fact(0, "optimizer", "SGD", {"class": "SGD", "lr": 0.1}),)
    gradients = run.trace.sampled("grad_norm")
    assert gradients.places == ("fc.weight", "fc.bias")
    np.testing.assert_array_equal(gradients.steps, np.arange(30))
    np.testing.assert_array_equal(gradients.column("fc.bias"), 2.0 * np.arange(30))
    assert np.isnan(run.trace.sampled("act_mean").values).all()
    loss = run.trace.step_signal("loss")
    np.testing.assert_array_equal(loss.mean, np.linspace(2.0, 1.0, 30))
    np.testing.assert_array_equal(loss.counts, 1)
    evaluation = run.trace.sampled("val_loss")
    assert (evaluation.steps.tolist(), evaluation.places) == ([30], ("cross_entropy",))
    assert evaluation.values.tolist() == [[1.5]]


def test_nothing_reaches_the_file_before_flush(make_writer):
    writer = make_writer("run")
    fill(writer)
    assert len(read_run(writer.path).trace.step_signal("loss")) == 0
    writer.flush()
    assert len(read_run(writer.path).trace.step_signal("loss")) == 30


def test_a_running_run_is_read_while_it_grows(make_writer):
    writer = make_writer("run")
    for block in range(5):
        writer.steps("loss", 100 * block, np.full(100, float(block)))
        writer.flush()
        run = read_run(writer.path)
        assert run.info.status == "running"
        assert run.alive is True
        assert run.trace.steps == 100 * (block + 1)
        assert run.trace.step_signal("loss").mean[-1] == block


def test_a_finished_run_is_one_plain_file(make_writer):
    writer = make_writer("run")
    fill(writer)
    writer.close()
    assert [entry.name for entry in writer.path.parent.iterdir()] == ["trace.sqlite"]


def test_a_growing_run_is_in_wal_mode(make_writer):
    writer = make_writer("run")
    with sqlite3.connect(writer.path) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


def test_closing_twice_and_recording_afterwards_do_nothing(make_writer):
    writer = make_writer("run")
    fill(writer)
    writer.close()
    writer.close()
    writer.steps("loss", 30, np.ones(5))
    writer.sample(31, 1, np.zeros(3, np.float32))
    writer.flush()
    assert not writer.recording
    assert read_run(writer.path).trace.steps == 30


def test_equal_layouts_have_one_id_and_columns_stand_once(make_writer):
    writer = make_writer("run")
    assert writer.layout(COLUMNS) == writer.layout(list(COLUMNS))
    assert writer.layout(COLUMNS[:1]) != writer.layout(COLUMNS)
    with pytest.raises(ValueError, match="once"):
        writer.layout([("loss", "a"), ("loss", "a")])


def test_a_sample_of_another_shape_is_refused(make_writer):
    writer = make_writer("run")
    layout = writer.layout(COLUMNS)
    with pytest.raises(ValueError, match="3 columns"):
        writer.sample(0, layout, np.zeros(4, np.float32))
    with pytest.raises(ValueError, match="unknown"):
        writer.sample(0, layout + 1, np.zeros(3, np.float32))


def test_steps_do_not_go_back(make_writer):
    writer = make_writer("run")
    writer.steps("loss", 0, np.zeros(10))
    with pytest.raises(ValueError, match="expected step 10 or later, got 9"):
        writer.steps("loss", 9, np.zeros(10))
    writer.steps("rate", 0, np.zeros(1))  # each signal counts for itself


def test_the_values_given_may_be_reused_by_the_caller(make_writer):
    writer = make_writer("run")
    layout = writer.layout(COLUMNS)
    vector, block = np.ones(3, np.float32), np.ones(4)
    writer.sample(0, layout, vector)
    writer.steps("loss", 0, block)
    vector[:] = 7
    block[:] = 7
    writer.flush()
    trace = read_run(writer.path).trace
    assert trace.sampled("act_mean").values.tolist() == [[1.0]]
    assert trace.step_signal("loss").mean.tolist() == [1.0] * 4


def test_layouts_of_one_signal_join_in_one_table(make_writer):
    writer = make_writer("run")
    one = writer.layout([("grad_norm", "a"), ("grad_norm", "b")])
    two = writer.layout([("grad_norm", "b"), ("grad_norm", "c")])
    writer.sample(0, one, np.array([1, 2], np.float32))
    writer.sample(5, two, np.array([3, 4], np.float32))
    writer.sample(5, one, np.array([5, np.nan], np.float32))
    writer.flush()
    table = read_run(writer.path).trace.sampled("grad_norm")
    assert table.places == ("a", "b", "c")
    assert table.steps.tolist() == [0, 5]
    np.testing.assert_array_equal(table.values, [[1, 2, np.nan], [5, 3, 4]])


def test_segments_have_their_own_steps_modules_and_facts(make_writer):
    writer = make_writer("run")
    other = (ModuleInfo("net", "Linear"),)
    writer.segment(0, Segment(0, 10, MODULES, PARAMETERS))
    writer.segment(1, Segment(10, 15, other))
    first, second = writer.layout([("act_std", "fc")]), writer.layout([("act_std", "net")])
    for step in range(20):
        writer.sample(step, first if step < 10 else second, np.array([step], np.float32))
    writer.steps("loss", 0, np.arange(20.0))
    for step in (5, 10, 20):
        writer.evaluation(step, "val_loss", "mse_loss", float(step))
    writer.fact(Fact(3, "clip", "", {}))
    writer.fact(Fact(4, "note", "", {"error": "x"}))
    writer.fact(Fact(20, "nonfinite", "", {}))
    writer.flush()
    one, two = read_run(writer.path).segments
    assert (one.first_step, one.steps, two.first_step) == (0, 10, 10)
    assert two.steps == 10, "the last segment reaches to the end of the run"
    assert (one.modules, two.modules) == (MODULES, other)
    assert (one.parameters, two.parameters) == (PARAMETERS, ())
    assert one.sampled("act_std").places == ("fc",)
    assert two.sampled("act_std").places == ("net",)
    assert two.step_signal("loss").steps.tolist() == list(range(10, 20))
    # An evaluation at step 10 judges what the first ten steps made.
    assert one.sampled("val_loss").steps.tolist() == [5, 10]
    assert two.sampled("val_loss").steps.tolist() == [20]
    assert [fact.kind for fact in one.facts] == ["clip", "note"]
    assert [fact.kind for fact in two.facts] == ["note", "nonfinite"]
    whole = read_run(writer.path).trace
    assert [module.name for module in whole.modules] == ["fc", "net"]


def test_a_segment_can_be_replaced(make_writer):
    writer = make_writer("run")
    writer.segment(0, Segment(0, 10, MODULES))
    writer.flush()
    changed = (replace(MODULES[0], training=False),)
    writer.segment(0, Segment(0, 40, changed))
    writer.flush()
    (segment,) = read_run(writer.path).segments
    assert (segment.steps, segment.modules) == (40, changed)


def test_without_segments_the_whole_run_is_the_only_one(make_writer):
    writer = make_writer("run")
    writer.steps("loss", 0, np.zeros(3))
    writer.flush()
    run = read_run(writer.path)
    assert run.segments == (run.trace,)


def test_facts_hold_numbers_that_json_does_not(make_writer):
    writer = make_writer("run")
    data = {"previous_loss": float("inf"), "share": np.float32(0.5), "shape": (3, 2), "steps": np.arange(2)}
    writer.fact(Fact(1, "nonfinite", "\udcff", data))
    writer.flush()
    (fact,) = read_run(writer.path).trace.facts
    assert fact.where == "?"
    assert fact.data == {"previous_loss": float("inf"), "share": 0.5, "shape": [3, 2], "steps": [0, 1]}


def test_facts_are_bounded_and_rare_kinds_stay(make_writer):
    writer = make_writer("run")
    writer.fact(Fact(0, "optimizer"))
    for step in range(3 * FACT_LIMIT):
        writer.fact(Fact(step, "modes", "", {"step": step}))
        if step % 1000 == 0:
            writer.flush()
    writer.fact(Fact(step, "nonfinite"))
    writer.flush()
    trace = read_run(writer.path).trace
    (note,) = trace.facts_of("note")
    assert len(trace.facts) == FACT_LIMIT + 1
    assert len(trace.facts_of("optimizer")) == len(trace.facts_of("nonfinite")) == 1
    modes = [fact.step for fact in trace.facts_of("modes")]
    assert (modes[0], modes[-1]) == (0, 3 * FACT_LIMIT - 1), (
        "the first and the last tell since when and how it is"
    )
    assert modes == sorted(modes)
    assert note.data["left_out"] == {"modes": 3 * FACT_LIMIT - len(modes)}


def test_a_second_run_in_a_directory_is_refused(make_writer, running):
    writer = make_writer("run")
    with pytest.raises(TraceError) as caught:
        TraceWriter(writer.path.parent, running)
    directory = writer.path.parent
    assert str(caught.value) == (
        f"run directory {directory} already holds a run; choose another with --out or remove it."
    )
    fill(writer)
    writer.flush()
    assert read_run(directory).trace.steps == 30, "the first run goes on"


def test_missing_parents_are_made(tmp_path, running):
    TraceWriter(tmp_path / "a" / "b" / "c", running).close()
    assert read_run(tmp_path / "a" / "b" / "c").info.script == "train.py"


@pytest.mark.parametrize("below", ["file", "file/run", "file/deeper/run"])
def test_a_file_in_the_place_of_the_directory(tmp_path, running, below):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(TraceError, match="a file is in its place; choose another with --out"):
        TraceWriter(tmp_path / below, running)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "run"])
def test_a_directory_that_may_not_be_written(open_place, ordinary_user, running, name):
    with pytest.raises(
        TraceError, match=r"cannot be written \(Permission denied\); choose another with --out"
    ):
        TraceWriter(open_place / name, running)


def test_a_full_disk_is_told_once_and_what_was_written_stays(make_writer):
    writer = make_writer("run")
    fill(writer)
    writer.flush()
    pages = writer._database.execute("PRAGMA page_count").fetchone()[0]
    writer._database.execute(f"PRAGMA max_page_count = {pages + 2}").fetchall()
    layout = writer.layout([("act_std", str(i)) for i in range(10_000)])
    writer.sample(30, layout, np.zeros(10_000, np.float32))
    with pytest.raises(TraceError, match=r"database or disk is full.*what was written.*stays readable"):
        writer.flush()
    assert not writer.recording
    writer.steps("loss", 30, np.ones(10))
    writer.flush()
    writer.close()
    assert read_run(writer.path).trace.steps == 30


def test_a_locked_file_is_written_at_the_next_flush(make_writer):
    writer = make_writer("run")
    other = sqlite3.connect(writer.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    fill(writer)
    writer.flush()
    assert writer.recording
    other.execute("ROLLBACK")
    other.close()
    writer.flush()
    assert read_run(writer.path).trace.steps == 30


def test_an_interrupted_flush_loses_nothing(make_writer, monkeypatch):
    writer = make_writer("run")
    fill(writer)

    def interrupt(database):
        raise KeyboardInterrupt

    monkeypatch.setattr(writer._facts, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    assert read_run(writer.path).trace.steps == 0
    monkeypatch.undo()
    writer.flush()
    assert read_run(writer.path).trace.steps == 30
    assert len(read_run(writer.path).trace.sampled("grad_norm")) == 30


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_leaves_the_file_alone(make_writer):
    writer = make_writer("run")
    fill(writer)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            writer.steps("loss", 30, np.full(50, 9.0))
            writer.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    writer.flush()
    assert read_run(writer.path).trace.steps == 30
