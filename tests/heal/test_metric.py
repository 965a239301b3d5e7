"""What runs are compared by, on traces written by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gradwise.errors import UsageError
from gradwise.heal.metric import choose_metrics, early
from gradwise.heal.rerun import OUT
from gradwise.trace.model import Fact
from gradwise.trace.store import TraceWriter
from tests.report.runs import run_info


@pytest.fixture
def recorded(tmp_path):
    """Writes a run: its losses, its evaluations as (step, loss), the loss function, what it printed."""
    count = iter(range(100))

    def write(losses=(3.0, 2.0, 1.0), evaluations=(), function="mse_loss", printed="", weighted=False):
        place = tmp_path / f"run{next(count)}"
        info = run_info(steps=len(losses), status="finished")
        writer = TraceWriter(place, replace(info, status="running"))
        writer.steps("loss", 0, np.array(losses, dtype=float))
        writer.fact(Fact(0, "loss-call", function, {"function": function, "weighted": weighted}))
        for step, value in evaluations:
            writer.evaluation(step, "val_loss", "line 9", value)
        writer.flush()
        writer.run(info)
        writer.close()
        (place / OUT).write_text(printed)
        return place

    return write


def test_the_evaluation_loss_comes_first(recorded):
    metrics = choose_metrics("auto", None, recorded(evaluations=[(1, 0.9), (3, 0.4)], printed="accuracy 0.8"))
    assert [metric.kind for metric in metrics] == ["evaluation loss", "printed"]
    assert metrics[0].of(recorded(evaluations=[(1, 0.7), (3, 0.2)])) == 0.2
    assert metrics[0].of(recorded(evaluations=[(1, 0.7), (3, 0.2)]), until=2) == 0.7


def test_then_what_is_printed_then_the_training_loss(recorded):
    (metric,) = choose_metrics("auto", None, recorded(printed="test accuracy 0.8"))
    assert (metric.kind, metric.lower) == ("printed", False)
    assert metric.of(recorded(printed="test accuracy 0.9")) == 0.9
    (metric,) = choose_metrics("auto", None, recorded())
    assert metric.kind == "training loss"
    assert metric.of(recorded(losses=[5.0] * 90 + [1.0] * 10)) == 1.0
    assert metric.of(recorded(losses=[5.0] * 90 + [1.0] * 10), until=50) == 5.0


def test_nan_is_worst_and_a_run_without_a_trace_has_no_number(recorded, tmp_path):
    (metric,) = choose_metrics("auto", None, recorded())
    assert math.isnan(metric.of(recorded(losses=[1.0] * 9 + [math.nan])))
    assert math.isnan(metric.of(tmp_path / "nowhere"))
    assert metric.better(3.0, math.nan)
    assert not metric.better(math.nan, math.nan)
    assert sorted([math.nan, 2.0, 1.0], key=metric.rank)[:2] == [1.0, 2.0]


def test_an_evaluation_before_a_divergence_does_not_count(recorded):
    metric = choose_metrics("auto", None, recorded(evaluations=[(1, 0.9)]))[0]
    assert math.isnan(metric.of(recorded(losses=[1.0, math.nan, math.nan], evaluations=[(1, 0.1)])))
    assert math.isnan(metric.of(recorded(evaluations=[(1, 0.3), (3, math.nan)])))


@pytest.mark.parametrize("other", [{"function": "cross_entropy"}, {"weighted": True}])
def test_losses_of_other_kinds_are_not_compared(recorded, other):
    metric = choose_metrics("auto", None, recorded(evaluations=[(3, 0.4)]))[0]
    cured = recorded(evaluations=[(3, 0.1)], **other)
    assert math.isnan(metric.of(cured))
    assert not metric.applies(cured)
    assert metric.applies(recorded(evaluations=[(3, math.nan)]))


def test_what_is_asked_for(recorded):
    place = recorded(printed="val 0.5 points\n", evaluations=[(3, 0.4)])
    assert choose_metrics("val_loss", None, place)[0].kind == "evaluation loss"
    assert choose_metrics(r"val ([0-9.]+)", False, place)[0].of(place) == 0.5
    with pytest.raises(UsageError, match="--lower or --higher"):
        choose_metrics(r"val ([0-9.]+)", None, place)
    with pytest.raises(UsageError, match="matches nothing"):
        choose_metrics(r"accuracy ([0-9.]+)", None, place)
    with pytest.raises(UsageError, match="no evaluation loss was captured"):
        choose_metrics("val_loss", None, recorded())


def test_runs_stopped_early_are_compared_by_what_comes_so_early(recorded):
    often = recorded(losses=[1.0] * 90, printed="test accuracy 0.6\n" * 3)
    (printed,) = choose_metrics("auto", None, often)
    assert early([printed], often, 1 / 3, 30) is printed
    assert early([printed], often, 1 / 9, 10) is None  # the first is printed after 30 steps
    evaluated = recorded(losses=[1.0] * 90, evaluations=[(9, 0.9), (90, 0.4)], printed="test accuracy 0.8")
    (_, once) = choose_metrics("auto", None, evaluated)
    assert early([once], evaluated, 1 / 3, 30).kind == "evaluation loss"
    assert early([once], evaluated, 1 / 30, 3) is None


def test_the_training_loss_stands_for_itself_alone(recorded):
    place = recorded(losses=[1.0] * 90)
    metrics = choose_metrics("auto", None, place)
    assert early(metrics, place, 1 / 9, 10).kind == "training loss"


def test_of_what_is_printed_as_much_counts_as_a_shorter_run_has(recorded):
    place = recorded(printed="accuracy 0.5\naccuracy 0.7\naccuracy 0.9\n")
    (metric,) = choose_metrics("auto", None, place)
    assert [metric.of(place, None, most) for most in (1, 2, None)] == [0.5, 0.7, 0.9]
    assert math.isnan(metric.of(place, None, 0))
    assert metric.count(place) == 3


def test_a_script_that_shows_nothing_is_said(recorded):
    with pytest.raises(UsageError, match="neither a loss nor a printed result"):
        choose_metrics("auto", None, recorded(losses=[]))
