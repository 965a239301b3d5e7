"""Cases of lr-decays-too-early: the rate goes while the loss still falls."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradwise.rules.lr_decays_too_early import ENOUGH, check
from gradwise.trace.model import Floats, Ints, Trace
from tests.cases.build import build

Rate = Callable[[Ints], Floats]
STEPS = 600


def run(
    rate: Rate, *, speed: float = 4.0, floor: float = 0.1, noise: float = 0.01, start: float = 2.4
) -> Trace:
    """A loss that falls to ``floor`` with the summed rates; ``speed`` halvings at full rate all along."""

    def loss(steps: Ints) -> Floats:
        every = np.arange(STEPS)
        bought = np.cumsum(rate(every))[steps] / STEPS
        value: Floats = floor + (start - floor) * 0.5 ** (speed * bought)
        return value * np.exp(noise * np.random.default_rng(0).standard_normal(STEPS))[steps]

    tables = {"criterion": {"mse_loss": loss}, "trivial": {"mse_loss": 2.3}}
    return build(steps=STEPS, loss=loss, series={"rate": rate}, tables=tables)


def drops(at: int, factor: float) -> Rate:
    """The rate times ``factor`` from that step on."""
    return lambda steps: np.where(steps < at, 1.0, factor)


def cosine(length: int) -> Rate:
    """Cosine to zero in ``length`` steps, zero afterwards."""
    return lambda steps: (1 + np.cos(np.pi * np.minimum(steps, length) / length)) / 2


def halving(every: float) -> Rate:
    return lambda steps: 0.5 ** (steps / every)


def test_sick_step_schedule_of_a_shorter_run() -> None:
    (finding,) = check(run(drops(60, 1e-3)))
    assert finding.since_step == 60
    assert finding.cures == ("longer-schedule",)


def test_sick_decay_per_epoch_applied_per_batch() -> None:
    assert list(check(run(halving(10), speed=30)))


def test_sick_cosine_with_a_short_horizon() -> None:
    assert list(check(run(cosine(100))))


def test_healthy_cosine_over_the_whole_run() -> None:
    assert not list(check(run(cosine(STEPS), speed=1.5)))


def test_healthy_near_miss_goes_after_most_of_the_run() -> None:
    assert not list(check(run(drops(370, 1e-3), speed=1.0)))
    assert list(check(run(drops(350, 1e-3), speed=1.0)))


def test_healthy_the_loss_had_settled() -> None:
    # Noise at the floor: nothing was left to buy when the rate went.
    assert not list(check(run(drops(200, 1e-3), speed=60, floor=1.5, noise=0.1)))


def test_healthy_outcome_is_good_anyway() -> None:
    end = 2.3 * (1 - ENOUGH) * 0.8
    assert not list(check(run(drops(300, 1e-3), speed=20, floor=end)))


def test_healthy_warm_restarts_come_back() -> None:
    assert not list(check(run(lambda steps: 1e-4 + (1 + np.cos(np.pi * (steps % 100) / 100)) / 2, speed=1.0)))


def test_healthy_two_usual_drops() -> None:
    rate: Rate = lambda steps: np.where(steps < 300, 1.0, np.where(steps < 450, 0.1, 0.01))  # noqa: E731
    assert not list(check(run(rate, speed=1.0)))


def test_healthy_regression_to_noise() -> None:
    assert not list(check(run(drops(100, 1e-3), speed=0.0, noise=0.3)))


def test_healthy_look_alike_constant_low_rate() -> None:
    assert not list(check(run(lambda steps: np.full(len(steps), 1e-6), speed=1e5)))


def test_sick_gone_soon_where_something_was_learnt() -> None:
    assert list(check(run(drops(120, 1e-3), noise=0.3, speed=4.0)))
    assert not list(check(run(drops(170, 1e-3), noise=0.3, speed=1.0)))


def test_sick_gone_before_the_noise_lets_a_fall_be_seen() -> None:
    (finding,) = check(run(drops(30, 1e-3), noise=0.3))
    assert "with little learnt" in finding.message


def test_sick_gone_when_learning_had_just_begun() -> None:
    """A polynomial as long as one epoch of eight: most of a small fall lies where the rate is still large."""
    length = STEPS // 8
    rate: Rate = lambda steps: np.maximum(1 - steps / length, 1e-3) ** 0.9  # noqa: E731
    (finding,) = check(run(rate, speed=2.0, noise=0.015, start=2.3))
    assert "with little learnt" in finding.message
    assert not list(check(run(rate, speed=2.0, noise=0.03, start=2.3)))  # no fall is to be seen


def test_healthy_gone_when_the_loss_stood() -> None:
    """Outputs settle at once, then nothing falls: a schedule that waits for a plateau has seen one."""
    assert not list(check(run(drops(100, 1e-3), speed=400.0, start=2.6, floor=2.3)))


def test_healthy_gone_early_but_all_learnt_or_gone_late_in_noise() -> None:
    assert not list(check(run(drops(30, 1e-3), speed=400.0)))
    assert not list(check(run(drops(200, 1e-3), noise=0.3, speed=0.1)))


def test_sick_much_learnt_and_much_to_be_had() -> None:
    gone = drops(200, 1e-6)
    (finding,) = check(run(gone, speed=9.0, floor=0.01))
    assert "still falling" in finding.message
    assert not list(check(run(drops(350, 1e-6), speed=9.0, floor=0.01)))  # after half of the run
