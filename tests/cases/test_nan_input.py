"""Losses broken by the batch, by something else, and not at all."""

import numpy as np
import pytest

from gradwise.rules.nan_input import check
from gradwise.trace.model import Trace
from tests.cases.build import before_and_after, build, decay, fact, learning

WHERE = {
    "bad_values": 2, "bad_shape": [32, 8], "bad_rows": [3, 17], "bad_row_count": 2,
    "bad_columns": [5], "bad_column_count": 1,
}  # fmt: skip


def run(loss=None, *, bad=True, parameters=(), tables=None, **data) -> Trace:
    told = fact(
        "nonfinite", step=60, what="loss", input_nonfinite=bad, bad_parameters=list(parameters), **data
    )
    curve = before_and_after(60, 0.7, np.nan) if loss is None else loss
    return build(loss=curve, tables=tables, facts=[told])


def once(steps, *, bad=1):
    values = decay(1.0, 0.1)(steps)
    values[60 : 60 + bad] = np.nan
    return values


def test_sick_row_and_column_are_named() -> None:
    (finding,) = check(run(**WHERE))
    assert finding.since_step == 60 and finding.value == 2
    assert "rows 3, 17 and column 5 of an input of 32 x 8" in finding.message
    assert finding.group == "broken"


def test_sick_place_not_known() -> None:
    (finding,) = check(run(tables={"input_nonfinite": {"Net": before_and_after(60, 0.0, 4.0)}}))
    assert finding.where == ("Net",) and "not finite" in finding.message


def test_sick_many_rows_are_counted() -> None:
    many = {**WHERE, "bad_rows": list(range(8)), "bad_row_count": 31}
    (finding,) = check(run(**many))
    assert "31 rows (0, 1, 2" in finding.message


def test_healthy_finite() -> None:
    assert not list(check(build(loss=decay(1.0, 0.1))))


def test_healthy_skipped_batch() -> None:
    """One NaN loss that the script did not step on, and a run that learnt."""
    assert not list(check(run(loss=once, tables=learning(end=0.1))))


def test_healthy_near_miss_two_batches() -> None:
    poor = learning(end=2.2)
    assert not list(check(run(loss=lambda steps: once(steps, bad=2), tables=poor)))
    assert list(check(run(loss=lambda steps: once(steps, bad=3), tables=poor)))


def test_healthy_look_alike_weights_were_broken_before() -> None:
    assert not list(check(run(parameters=["fc.weight"])))


def test_healthy_look_alike_finite_input() -> None:
    assert not list(check(run(bad=False)))


def test_healthy_input_repaired_inside() -> None:
    """NaN enters at sampled steps and the loss stays finite."""
    trace = build(loss=decay(1.0, 0.1), tables={"input_nonfinite": {"Net": 3.0}})
    assert not list(check(trace))


@pytest.mark.parametrize("count", [1, 2])
def test_healthy_facts_of_others_are_not_read(count: int) -> None:
    assert not list(check(build(loss=decay(1.0, 0.1), facts=[fact("clip", step=i) for i in range(count)])))


def test_sick_batches_that_the_script_skips_without_learning() -> None:
    (finding,) = check(run(decay(0.7, 0.65), skipped=True, tables=learning(trivial=0.69, end=0.65)))
    assert "the script skipped it" in finding.message


def test_healthy_batches_that_the_script_skips_while_it_learns() -> None:
    assert not list(check(run(decay(0.7, 0.05), skipped=True, tables=learning(trivial=0.69, end=0.05))))
