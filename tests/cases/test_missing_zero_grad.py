"""Runs with and without gradients that nothing clears."""

import numpy as np

from gradwise.rules.missing_zero_grad import check
from tests.cases.build import build, decay, noisy, sampled


def test_sick_never_cleared():
    stale = noisy(decay(0.5, 40.0, 200), 0.2)
    trace = build(
        steps=300, loss=2.0, tables={"stale_grad_norm": {"SGD#1": lambda s: np.where(s == 0, 0.0, stale(s))}}
    )
    (finding,) = check(trace)
    assert finding.where == ("SGD#1",)
    assert finding.since_step == 1
    assert finding.value == 1.0
    assert "on 100% of" in finding.message
    assert "zero-grad" in finding.cures


def test_sick_cleared_once_per_epoch_of_ten_batches():
    cleared = {"stale_grad_norm": {"Adam#1": lambda s: np.where(s % 10 == 0, 0.0, 1.5)}}
    (finding,) = check(build(steps=500, tables=cleared))
    assert 0.8 <= finding.value < 1.0


def test_sick_one_of_two_optimizers():
    norms = {"Adam#1": 0.0, "Adam#2": 3.0}
    (finding,) = check(build(tables={"stale_grad_norm": norms}))
    assert finding.where == ("Adam#2",)


def test_sick_until_the_gradient_overflows():
    stale = [0.0, 1.0, 1e3, 1e9, 1e20, np.inf, np.nan, np.nan]
    trace = build(steps=8, sampled_steps=range(8), tables={"stale_grad_norm": {"SGD#1": stale}})
    (finding,) = check(trace)
    assert finding.strength == 1.0


def test_healthy_cleared_every_step():
    assert not list(check(build(tables={"stale_grad_norm": {"Adam#1": 0.0}})))


def test_healthy_accumulation_leaves_nothing_stale():
    accumulating = {"stale_grad_norm": {"SGD#1": 0.0}, "grad_norm": {"fc.weight": 8.0}}
    assert not list(check(build(steps=200, tables=accumulating)))


def test_healthy_gan_with_two_cleared_optimizers():
    assert not list(check(build(tables={"stale_grad_norm": {"Adam#1": 0.0, "Adam#2": 0.0}})))


def test_healthy_first_step_alone_is_not_judged():
    trace = build(steps=3, sampled_steps=range(3), tables={"stale_grad_norm": {"SGD#1": [0.0, 2.0, 2.0]}})
    assert not list(check(trace))


def test_healthy_near_miss_stale_on_every_second_step():
    rows = sampled(400)
    stale = [0.0 if i % 2 == 0 else 2.0 for i in range(len(rows))]
    assert 0.4 < np.mean(np.asarray(stale[1:]) > 0) < 0.6
    assert not list(check(build(tables={"stale_grad_norm": {"SGD#1": stale}})))
    stale = [0.0 if i % 3 == 0 else 2.0 for i in range(len(rows))]
    assert list(check(build(tables={"stale_grad_norm": {"SGD#1": stale}})))


def test_sick_until_the_units_are_dead_of_it():
    """What piles up throws the net to where no gradient is left; the zeros after it clear nobody."""
    stale = [0.0, 0.1, 0.2, 3.0, 20.0, 137.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    tables = {"stale_grad_norm": {"SGD#1": stale}, "grad_norm": {"conv.weight": [1.0] * 6 + [0.0] * 5}}
    (finding,) = check(build(steps=11, sampled_steps=range(11), tables=tables))
    assert finding.value == 1.0
    alive = tables | {"grad_norm": {"conv.weight": 1.0}}
    assert not list(check(build(steps=11, sampled_steps=range(11), tables=alive)))


def test_healthy_look_alike_far_too_high_rate():
    """Gradients explode and the loss bounces, yet each one is cleared."""
    tables = {"stale_grad_norm": {"SGD#1": 0.0}, "grad_norm": {"fc.weight": decay(1.0, 1e6, 30)}}
    assert not list(check(build(loss=decay(2.0, 500.0, 30), tables=tables)))
