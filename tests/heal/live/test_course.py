"""When a loss is lost: far above its level, for good; and the look-alikes that are none."""

import random

import pytest

from gradwise.heal.live.course import Course
from gradwise.rules.loss_spike import AFTER, BEFORE, HEIGHT


def after(losses):
    course = Course()
    for step, loss in enumerate(losses):
        course.add(step, loss)
        if course.lost():
            return course.lost()
    return None


def noisy(level, count, seed=0):
    lot = random.Random(seed)
    return [level * lot.uniform(0.7, 1.3) for _ in range(count)]


@pytest.mark.parametrize(
    "losses",
    [
        noisy(1.0, 100) + noisy(40.0, 40),  # a level of its own, far above
        [0.9**n + 0.01 for n in range(100)]
        + [500.0] * 2
        + noisy(1.4, 60),  # thrown back by a spike to the start
        [2.0, 30.0, 900.0, *noisy(5000.0, 30)],  # from the first steps on
    ],
)
def test_a_loss_that_stays_far_above_its_level_is_lost(losses):
    assert after(losses) is not None


@pytest.mark.parametrize(
    "losses",
    [
        noisy(1.0, 300),
        noisy(1.0, 100) + noisy(8.0, 100),  # just under the height
        noisy(1.0, 100) + [500.0] * 10 + noisy(1.0, 100),  # a spike that comes back
        [1.0] * 100 + [60.0 * 0.93**n for n in range(100)],  # comes down by itself
        [2.3 * 0.97**n + 0.02 for n in range(200)] + noisy(1.2, 100),  # another task, no spike
        [0.9**n + 0.01 for n in range(60)] + noisy(0.9, 100),  # below what it began with
        [0.01 * 1.02**n for n in range(400)],  # grows along with the reward
        [-x for x in noisy(1.0, 100)] + noisy(400.0, 60),  # goes below zero
        [random.Random(n).choice((0.5, 400.0)) for n in range(600)],  # heavy tails
    ],
)
def test_the_look_alikes_are_left_alone(losses):
    assert after(losses) is None


def test_it_is_seen_within_the_steps_that_the_rule_waits_for():
    lost = after([1.0] * 200 + [HEIGHT * 1.1] * 100)
    assert 200 - 5 <= lost.since <= 200 + 5
    assert lost.level == 1.0


def test_a_return_forgets_what_came_after():
    course = Course()
    for step in range(100):
        course.add(step, 1.0)
    for step in range(100, 100 + AFTER + 5):
        course.add(step, 1e6)
    assert course.lost()
    course.back_to(100)
    assert course.lost() is None
    assert course.calm()
    for step in range(130, 130 + BEFORE):
        course.add(step, 1.0)
    assert course.lost() is None


def test_states_are_kept_in_calm_times_only_and_sudden_harm_is_told_from_slow():
    course = Course()
    for step in range(60):
        course.add(step, 1.0)
    assert course.calm()
    assert course.sudden(60)
    for step in range(60, 66):
        course.add(step, 4.0 * (step - 58))
    assert not course.calm()
    assert not course.sudden(66)
