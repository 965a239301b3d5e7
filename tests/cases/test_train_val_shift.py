"""Evaluations on inputs of the scale of training, and of others."""

import numpy as np
import pytest

from gradwise.rules.train_val_shift import LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact

COLUMNS = 8


def run(
    mean=0.0,
    std=1.0,
    *,
    val=2.0,
    train=0.1,
    distinct=100,
    columns=COLUMNS,
    place="line 9",
    extra=(),
    share=1.0,
):
    far = int(share * columns)
    there = {
        "mean": [0.0] * columns,
        "std": [1.0] * columns,
        "low": [-3.0] * columns,
        "high": [3.0] * columns,
    }
    here = {"mean": [mean] * far + [0.0] * (columns - far), "std": [std] * far + [1.0] * (columns - far)}
    tables = {"criterion": {"cross_entropy": decay(1.0, train, 20)}, "trivial": {"cross_entropy": 1.0}}
    if val is not None:
        tables["val_loss"] = {"cross_entropy (line 9)": val}
    facts = [
        fact("columns", "Net", 300, **there),
        fact("evaluation-rows", place, 300, distinct=distinct, matched=0, **here),
        *extra,
    ]
    trace: Trace = build(loss=decay(1.0, train, 20), tables=tables, facts=facts)
    return trace


def test_sick_evaluated_raw() -> None:
    (finding,) = check(run(mean=120.0, std=60.0))
    assert finding.where == ("line 9",) and finding.value == pytest.approx(120)
    assert "spread 60" in finding.message


def test_sick_divided_twice() -> None:
    (finding,) = check(run(std=1 / 255))
    assert finding.value == pytest.approx(255)


def test_sick_without_a_loss_to_compare() -> None:
    assert list(check(run(std=60.0, val=None)))


def test_healthy_same_scale() -> None:
    assert not list(check(run(mean=0.1, std=0.9)))


def test_healthy_near_miss() -> None:
    assert not list(check(run(std=LIMIT - 0.1, val=0.4)))
    assert list(check(run(std=LIMIT + 0.1, val=0.4)))


def test_healthy_evaluation_does_well() -> None:
    assert not list(check(run(mean=5.0, val=0.11)))


def test_healthy_slight_shift_without_a_loss_to_compare() -> None:
    assert not list(check(run(mean=5.0, val=None)))


def test_healthy_one_column_is_the_date() -> None:
    assert not list(check(run(mean=40.0, share=0.25)))


def test_healthy_look_alike_overfitting() -> None:
    assert not list(check(run(mean=0.3, std=1.3, val=3.0)))


def test_healthy_a_handful_of_rows_for_a_plot() -> None:
    assert not list(check(run(mean=40.0, distinct=10)))


def test_healthy_inputs_of_another_kind() -> None:
    other = fact("evaluation-rows", "line 20", 300, distinct=100, matched=0, mean=[50.0] * 3, std=[9.0] * 3)
    assert not list(check(run(extra=[other])))


def test_healthy_constant_columns_say_nothing() -> None:
    trace = run(mean=40.0, std=0.0)
    assert not list(check(trace))
    assert np.isfinite(trace.sampled("criterion").values).all()


def test_healthy_two_networks_against_each_other() -> None:
    extra = [fact("optimizer", "Adam#1"), fact("optimizer", "Adam#2")]
    trace = run(mean=40.0, extra=extra)
    tables = {**trace.tables, "target_std": trace.tables["criterion"].__class__(
        trace.tables["criterion"].steps, ("bce",), np.zeros((len(trace.tables["criterion"]), 1)))}  # fmt: skip
    assert not list(check(Trace(trace.run, trace.series, tables, trace.facts, steps=trace.steps)))


def test_sick_channels_in_another_order() -> None:
    """A shift of one and a half deviations counts where the evaluation fails altogether."""
    for mean, val, found in ((1.6, 2.0, 1), (1.4, 2.0, 0), (1.6, 0.3, 0)):
        assert len(list(check(run(mean, val=val)))) == found, (mean, val)
