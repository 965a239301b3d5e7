"""Cases of loss-not-decreasing: flat and poor."""

from __future__ import annotations

import numpy as np

from gradwise.rules.loss_not_decreasing import FALL_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import Values, before_and_after, build, decay, learning, noisy


def run(
    loss: Values, *, end: float = 2.3, known: bool = True, moving: float = 0.0, steps: int = 400
) -> Trace:
    """A loss curve, with a trivial loss of 2.3 and targets whose mean moves by ``moving``."""
    tables = {
        "target_mean": {"cross_entropy": lambda s: moving * s / steps},
        "target_std": {"cross_entropy": 1.0},
    }
    return build(loss=loss, steps=steps, tables={**tables, **(learning(end=end) if known else {})})


def test_sick_stays_at_the_constant_predictions_loss() -> None:
    (finding,) = check(run(noisy(2.3, 0.03)))
    assert "1 times the best constant" in finding.message


def test_sick_a_fall_within_its_noise() -> None:
    assert list(check(run(noisy(lambda steps: 2.3 * (1 - 0.06 * steps / 400), 0.4))))


def test_healthy_learnt_a_tenth_and_flat_since() -> None:
    assert not list(check(run(noisy(2.0, 0.03), end=2.0)))


def test_healthy_unknown_loss_that_stays_at_its_start() -> None:
    assert not list(check(run(noisy(7.0, 0.02), known=False)))


def test_healthy_near_miss_slow_fall() -> None:
    slow = lambda fall: lambda steps: 2.3 * (1 - 2 * fall * steps / 400)  # noqa: E731  half the run lies between
    assert not list(check(run(slow(1.2 * FALL_LIMIT))))
    assert list(check(run(slow(0.8 * FALL_LIMIT))))


def test_healthy_noisy_but_falling() -> None:
    assert not list(check(run(noisy(decay(2.3, 1.7, 150.0), 0.3), end=1.9)))


def test_healthy_converged_early_and_flat() -> None:
    assert not list(check(run(before_and_after(20, 2.3, 0.1), end=0.1)))


def test_healthy_look_alike_value_learning_with_moving_targets() -> None:
    assert not list(check(run(noisy(2.3, 0.05), moving=5.0)))


def test_healthy_policy_gradient_loss_around_zero() -> None:
    assert not list(check(run(lambda steps: np.sin(steps * 7.0), known=False)))


def test_healthy_too_short() -> None:
    assert not list(check(run(2.3, steps=30)))


def test_healthy_broken_loss_is_another_finding() -> None:
    assert not list(check(run(before_and_after(300, 2.3, np.nan))))


def test_healthy_mixed_labels_keep_the_loss_far_above_a_constants() -> None:
    assert not list(check(run(noisy(3.2, 0.03), end=3.2)))
