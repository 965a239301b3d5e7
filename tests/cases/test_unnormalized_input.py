"""Runs on scaled and on raw inputs, that learn and that do not."""

import numpy as np
import pytest

from gradwise.rules.unnormalized_input import check
from gradwise.trace.model import ModuleInfo
from tests.cases.build import before_and_after, build, decay, fact, learning

PLACE = "Net"
LAYERS = (ModuleInfo("fc1", "Linear", 800, 0, "tanh", units=32), ModuleInfo("fc2", "Linear", 96, 1, units=3))


def run(
    rms, *, end, trivial=1.09, start=None, absmax=None, ratio=None, modules=LAYERS, loss=None, first=None
):
    tables = {"input_rms": {PLACE: rms}, "input_absmax": {PLACE: 5 * rms if absmax is None else absmax}}
    if ratio is not None:
        tables["input_column_ratio"] = {PLACE: ratio}
    if first is not None:
        tables["act_absmax"] = {"fc1": first}
    tables |= learning(trivial=trivial, end=end, start=start)
    curve = decay(trivial if start is None else start, end) if loss is None else loss
    return build(loss=curve, tables=tables, modules=modules)


def test_sick_raw_table_learns_nothing():
    (finding,) = check(run(227.0, end=1.07, start=40.0, absmax=1680.0, ratio=2500.0, first=400.0))
    assert finding.where == (PLACE,)
    assert finding.value == pytest.approx(227)
    assert "root mean square of 227" in finding.message
    assert "standardize-input" in finding.cures


def test_sick_raw_table_learns_less_than_half():
    assert len(list(check(run(227.0, end=0.64, start=40.0, ratio=2500.0)))) == 1


def test_sick_raw_bytes_end_in_nan():
    loss = before_and_after(30, 9.0, np.nan)
    (finding,) = check(run(123.0, end=np.nan, loss=loss))
    assert "non-finite" in finding.message


def test_sick_one_large_column_in_a_wide_table():
    """The root mean square is small, the spread of the columns tells."""
    (finding,) = check(run(8.0, end=1.05, absmax=400.0, ratio=3000.0))
    assert finding.unit == "ratio of standard deviations"
    assert "3e+03x apart" in finding.message


def test_sick_inputs_near_zero():
    (finding,) = check(run(2e-4, end=1.08))
    assert finding.threshold == 0.01


def test_healthy_standardised():
    assert not list(check(run(1.0, end=0.05)))


def test_healthy_digits_0_to_16():
    assert not list(check(run(7.7, end=0.05, absmax=16.0, ratio=277.0, trivial=2.3)))


def test_healthy_learns_well_from_raw_bytes():
    assert not list(check(run(123.0, end=0.1, start=13.0, ratio=277.0, trivial=2.3)))


def test_healthy_batch_norm_comes_first():
    layers = (ModuleInfo("bn", "BatchNorm1d", 26, 0), *LAYERS)
    assert not list(check(run(227.0, end=1.05, ratio=2500.0, modules=layers)))


def test_healthy_scaled_inside_the_model():
    """x / 255 at the head of forward(): the first layer never sees the bytes."""
    assert not list(check(run(123.0, end=2.2, trivial=2.3, first=1.4)))
    assert list(check(run(123.0, end=2.2, trivial=2.3, first=140.0)))


def test_healthy_class_ids_have_no_float_statistics():
    trace = build(loss=decay(4.0, 3.9), tables=learning(trivial=4.0, end=3.9) | {"batch_size": {PLACE: 32}})
    assert not list(check(trace))


def test_healthy_two_networks_against_each_other():
    trace = build(
        loss=0.7,
        tables={
            "input_rms": {"D": 40.0},
            "input_absmax": {"D": 200.0},
            "target_std": {"binary_cross_entropy": 0.0},
        }
        | learning("binary_cross_entropy", trivial=0.69, end=0.69),
        facts=[fact("optimizer", "Adam#1"), fact("optimizer", "Adam#2")],
    )
    assert not list(check(trace))


def test_healthy_near_miss_root_mean_square():
    assert not list(check(run(9.9, end=1.05)))
    assert list(check(run(10.1, end=1.05)))


def test_healthy_near_miss_half_learnt():
    assert not list(check(run(85.0, end=0.49, trivial=1.0)))
    assert list(check(run(85.0, end=0.52, trivial=1.0)))


def test_healthy_look_alike_rate_too_high_on_scaled_inputs():
    assert not list(check(run(1.0, end=9.0, loss=decay(1.1, 9.0))))


GRU = (ModuleInfo("gru", "GRU", 3000, 0), ModuleInfo("head", "Linear", 33, 1))


def test_sick_gates_take_raw_readings():
    (finding,) = check(run(507.0, end=0.3, start=1.2, modules=GRU))
    assert "of what a constant answer leaves to learn" in finding.message


def test_healthy_gates_that_learn_all_the_same_or_are_not_first():
    assert not list(check(run(507.0, end=0.05, start=1.2, modules=GRU)))
    assert not list(check(run(80.0, end=0.3, start=1.2, modules=GRU)))
    assert not list(check(run(507.0, end=0.3, start=1.2)))


def test_sick_losses_thrown_off_at_the_start() -> None:
    (finding,) = check(run(940.0, end=0.05, start=25.0, trivial=0.65, first=2000.0))
    assert "times a constant answer's" in finding.message
    assert not list(check(run(940.0, end=0.001, start=20.0, trivial=0.65, first=2000.0)))  # it came back
    assert not list(check(run(940.0, end=0.1, start=12.0, trivial=0.65, first=2000.0)))
    assert not list(check(run(60.0, end=0.05, start=25.0, trivial=0.65, first=200.0)))
