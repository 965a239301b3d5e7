"""Runs whose schedule counts what it is given, or something else."""

import numpy as np

from gradwise.rules.scheduler_misplaced import check
from tests.cases.build import build, fact


def schedule(name="StepLR", calls=820, steps=820, horizon=8, attribute="step_size", batches=41, **changes):
    data = {
        "class": name,
        "calls": calls,
        "steps": steps,
        "already": 0,
        "horizon": horizon,
        "attribute": attribute,
        "gamma": 0.5,
        "batches": batches,
        "inner": False,
    }
    return fact("scheduler", name, steps - 1, **{**data, **changes})


def run(one, rate, steps=820, **parts):
    return build(steps=steps, series={"rate": rate}, facts=[one], **parts)


def halving(every):
    return lambda s: 0.1 * 0.5 ** (s // every)


def test_sick_step_schedule_per_batch():
    (finding,) = check(run(schedule(), halving(8)))
    assert "StepLR is stepped once per batch, planned for step_size=8" in finding.message
    assert "below 1% of its peak for" in finding.message
    assert finding.cures == ("move-scheduler",)


def test_sick_exponential_per_batch():
    one = schedule("ExponentialLR", horizon=0, attribute="")
    (finding,) = check(run(one, lambda s: 0.1 * 0.95**s))
    assert "ExponentialLR is stepped once per batch:" in finding.message


def test_sick_cosine_swings_within_the_epoch():
    one = schedule("CosineAnnealingLR", horizon=20, attribute="T_max")
    (finding,) = check(run(one, lambda s: 0.05 * (1 + np.cos(np.pi * s / 20))))
    assert "its course was run 20 times" in finding.message


def test_sick_one_cycle_per_epoch():
    one = schedule("OneCycleLR", calls=25, steps=750, horizon=750, attribute="total_steps")
    (finding,) = check(run(one, 0.002, steps=750))
    assert "planned for 750 calls and got 25 in 750 steps" in finding.message


def test_healthy_no_schedule():
    assert not list(check(build(series={"rate": 0.1})))


def test_healthy_step_schedule_per_epoch():
    assert not list(check(run(schedule(calls=20), halving(328))))


def test_healthy_cosine_over_all_steps():
    one = schedule("CosineAnnealingLR", horizon=820, attribute="T_max")
    assert not list(check(run(one, lambda s: 0.05 * (1 + np.cos(np.pi * s / 820)))))


def test_healthy_slow_exponential_per_batch():
    one = schedule("ExponentialLR", horizon=0, attribute="")
    assert not list(check(run(one, lambda s: 0.1 * 0.996**s)))


def test_healthy_one_cycle_per_batch():
    one = schedule("OneCycleLR", calls=750, steps=750, horizon=750, attribute="total_steps")
    assert not list(check(run(one, lambda s: 0.05 * np.sin(np.pi * (s + 1) / 751), steps=750)))


def test_healthy_one_cycle_in_epochs():
    one = schedule("OneCycleLR", calls=25, steps=750, horizon=25, attribute="total_steps")
    assert not list(check(run(one, 0.02, steps=750)))


def test_healthy_stopped_early():
    one = schedule("OneCycleLR", calls=25, steps=750, horizon=750, attribute="total_steps")
    assert not list(check(run(one, 0.002, steps=750, status="interrupted")))


def test_healthy_warm_up_inside_a_chain_of_schedules():
    one = schedule("LinearLR", horizon=5, attribute="total_iters", inner=True)
    assert not list(check(run(one, 0.1)))


def test_healthy_warm_restarts_per_batch():
    one = schedule("CosineAnnealingWarmRestarts", horizon=20, attribute="T_0")
    assert not list(check(run(one, lambda s: 0.05 * (1 + np.cos(np.pi * (s % 20) / 20)))))


def test_healthy_resumed_from_a_checkpoint():
    assert not list(check(run(schedule(already=820), halving(8))))


def test_healthy_near_miss_half_of_the_run_below():
    assert list(check(run(schedule(), lambda s: np.where(s < 410, 0.1, 1e-4))))
    assert not list(check(run(schedule(), lambda s: np.where(s < 411, 0.1, 1e-4))))


def test_healthy_look_alike_decays_too_early_in_its_own_unit():
    """Stepped per epoch, as planned, and still far too early: another rule's business."""
    assert not list(check(run(schedule(calls=20, horizon=1), halving(41))))
