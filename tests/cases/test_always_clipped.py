"""Runs whose clipping cuts outliers, or everything."""

import numpy as np

from gradwise.rules.always_clipped import check
from tests.cases.build import build, decay, fact, learning, noisy

PLACE = "clip_grad_norm_"


def run(norm, limit=0.01, kinds=("SGD",), end=2.0, **parts):
    tables = {"clip_norm": {PLACE: norm}, "clip_limit": {PLACE: limit}, **learning(end=end)}
    facts = [fact("optimizer", kind, **{"class": kind}) for kind in kinds]
    return build(loss=decay(2.3, end), tables=tables, facts=facts, **parts)


def test_sick_far_below_every_norm():
    (finding,) = check(run(noisy(2.0, 0.2)))
    assert "clipped by more than 3 times" in finding.message
    assert finding.value > 150
    assert finding.cures[0] == "raise-clip"


def test_sick_momentum_and_a_task_half_learnt():
    (finding,) = check(run(noisy(0.3, 0.2), end=1.3))
    assert finding.since_step == 0


def test_healthy_no_clipping():
    assert not list(check(build(facts=[fact("optimizer", "SGD", **{"class": "SGD"})])))


def test_healthy_limit_above_ordinary_norms():
    assert not list(check(run(noisy(2.0, 0.2), limit=5.0)))


def test_healthy_adam_does_not_mind():
    assert not list(check(run(noisy(2.0, 0.2), kinds=("Adam",))))


def test_healthy_normalised_steps_that_learn_well():
    assert not list(check(run(noisy(2.0, 0.2), end=0.2)))


def test_healthy_large_at_the_start_only():
    assert not list(check(run(lambda s: np.where(s < 200, 5.0, 0.05))))


def test_healthy_near_miss_ten_times():
    assert list(check(run(0.1001)))
    assert not list(check(run(0.0999)))


def test_healthy_near_miss_share_of_steps():
    assert not list(check(run(lambda s: np.where(s % 10 == 0, 0.02, 5.0))))
    assert list(check(run(lambda s: np.where(s % 10 == 0, 0.04, 5.0))))


def test_healthy_look_alike_a_rate_that_is_too_low():
    assert not list(check(run(noisy(0.02, 0.2), end=2.25)))


def test_sick_answers_run_ahead_of_a_loss_that_creeps():
    for end, found in ((2.0, 1), (1.0, 0)):
        tables = {
            "clip_norm": {PLACE: noisy(2.0, 0.2)}, "clip_limit": {PLACE: 0.01}, **learning(end=end),
            "accuracy": {"cross_entropy": 0.7}, "majority": {"cross_entropy": 0.1},
        }  # fmt: skip
        facts = [fact("optimizer", "SGD", **{"class": "SGD"})]
        assert len(list(check(build(loss=decay(2.3, end), tables=tables, facts=facts)))) == found


def test_sick_so_far_below_that_it_creeps_though_half_is_learnt():
    answers = {"accuracy": {"cross_entropy": 0.7}, "majority": {"cross_entropy": 0.1}}
    loss = {"criterion": {"cross_entropy": decay(2.3, 1.5)}, "trivial": {"cross_entropy": 2.3}}
    for limit, found in ((0.01, True), (0.05, False)):  # 200 times and 40 times
        tables = {"clip_norm": {PLACE: 2.0}, "clip_limit": {PLACE: limit}, **answers, **loss}
        trace = build(
            loss=lambda steps: 2.3 - 0.002 * steps,
            tables=tables,
            facts=[fact("optimizer", "SGD", **{"class": "SGD"})],
        )
        assert bool(list(check(trace))) == found
