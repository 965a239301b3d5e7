"""Cases of loss-oscillates: from wall to wall, with gradients against each other."""

from __future__ import annotations

import numpy as np

from gradwise.rules.loss_oscillates import (
    COSINE_LIMIT,
    FULL_COSINE,
    FULL_SWING,
    MEMORY,
    RISEN,
    SWING_LIMIT,
    check,
)
from gradwise.trace.model import Trace
from tests.cases.build import Values, build, decay, fact, learning, noisy


def leaps(share: float, level: float = 1.6):
    """High and low in turn."""
    return lambda steps: level * (1 + share * np.where(steps % 2, 1.0, -1.0))


def run(loss: Values, cosine: Values = -0.7, *, end: float = 1.6) -> Trace:
    """A loss curve with that cosine between neighbouring gradients; trivial loss 2.3."""
    return build(loss=loss, tables={"grad_agreement": {"SGD#1": cosine}, **learning(end=end)})


def test_sick_leaps_over_the_valley() -> None:
    (finding,) = check(run(leaps(0.3)))
    assert finding.cures[0] == "lower-lr" and "point against each other" in finding.message


def test_sick_leaps_unevenly() -> None:
    assert list(check(run(noisy(leaps(0.3), 0.1))))


def test_healthy_near_miss_small_swing() -> None:
    assert not list(check(run(leaps(0.9 * SWING_LIMIT))))
    assert list(check(run(leaps(1.2 * SWING_LIMIT))))
    assert not list(check(run(leaps(0.3), COSINE_LIMIT + 0.01)))


def test_healthy_look_alike_two_batches_in_turn() -> None:
    assert not list(check(run(leaps(0.3), 0.4)))


def test_healthy_noise_of_small_batches() -> None:
    assert not list(check(run(noisy(1.6, 0.3), 0.0)))
    assert not list(check(run(noisy(1.6, 0.3), -0.3)))  # no swing, only noise


def test_healthy_falls_faster_than_it_swings() -> None:
    assert not list(check(run(lambda steps: decay(2.3, 0.0, 120.0)(steps) * leaps(0.06, 1.0)(steps))))


def test_healthy_edge_of_stability_that_learns() -> None:
    assert not list(check(run(leaps(0.3, 0.2), end=0.2)))


def test_healthy_cosine_restarts() -> None:
    assert not list(check(run(lambda steps: 1.6 + 0.4 * np.sin(steps / 8), -0.3)))


def test_healthy_signed_losses() -> None:
    assert not list(check(run(lambda steps: np.where(steps % 2, 1.0, -1.0))))


def test_sick_leaps_of_two_steps_for_ever() -> None:
    """Medians of high and low in turn are chance; the middle of the swings does not move."""
    odd = lambda steps: 1.6 * (1 + 0.2 * np.where((steps + (steps >= 300)) % 2, 1.0, -1.0))  # noqa: E731
    assert list(check(run(odd)))


def uneven(share: float, level: float = 0.5):
    """Leaps of no period: high and low by a coin."""
    return lambda steps: level * (1 + share * np.random.default_rng(1).choice([-1.0, 1.0], size=len(steps)))


def full(
    loss: Values, cosine: Values = -0.9, *, end: float = 0.5, batches: int = 60, same: int = 59
) -> Trace:
    """The same with every batch of the same 300 rows, cosines known early alone."""
    rows = fact("rows", "model", batches=batches, same=same, distinct=300)
    tables = {"grad_agreement": {"SGD#1": cosine}, **learning(end=end, start=end)}
    return build(loss=loss, tables=tables, facts=[rows], sampled_steps=[*range(10), *range(50, 190, 20)])


def test_sick_full_batches_that_leap_unevenly() -> None:
    (finding,) = check(full(uneven(0.3)))
    assert "the same 300 rows" in finding.message and finding.cures == ("lower-lr",)


def test_healthy_near_miss_full_batches() -> None:
    assert not list(check(full(uneven(0.3), FULL_COSINE + 0.01)))  # dropout, noise within the network
    assert list(check(full(uneven(0.3), FULL_COSINE - 0.01)))
    assert not list(check(full(uneven(0.9 * FULL_SWING))))
    assert list(check(full(uneven(1.3 * FULL_SWING))))


def test_healthy_batches_that_are_not_all_the_same() -> None:
    assert not list(check(full(uneven(0.3), same=50)))
    assert not list(check(full(uneven(0.3), batches=10, same=9)))


def test_healthy_full_batches_at_the_edge_of_stability_that_get_there() -> None:
    """A skill of 90 % forgives, one of 85 % does not."""
    assert not list(check(full(uneven(0.3, 0.2), end=0.2)))
    assert list(check(full(uneven(0.3, 0.35), end=0.35)))


def test_healthy_full_batches_whose_loss_falls_more_than_it_leaps() -> None:
    falling = lambda steps: decay(3.0, 0.3, 120.0)(steps) * uneven(0.12, 1.0)(steps)  # noqa: E731
    assert not list(check(full(falling)))


def waves(loss: Values, *, momentum: float = 0.999, end: float = 1.6, kind: str = "SGD") -> Trace:
    facts = [fact("optimizer", kind, **{"class": kind, "momentum": momentum})]
    return build(loss=loss, tables=learning(end=end), facts=facts)


def swinging(factor: float) -> Values:
    """Comes down from 2.4 to 0.6 and swings up to ``factor`` times that, twice in 400 steps; noise of batches."""
    return noisy(lambda steps: 0.6 * factor ** ((1 + np.cos(steps / 32)) / 2), 0.05)


def test_sick_momentum_that_outlasts_the_run() -> None:
    (finding,) = check(waves(swinging(4.0)))
    assert (
        finding.cures[0] == "adam" and "momentum 0.999" in finding.message and "1000 steps" in finding.message
    )
    assert list(check(waves(swinging(4.0), momentum=1.0)))  # never forgets


def test_healthy_near_miss_momentum() -> None:
    within = 1 - 1 / (0.9 * MEMORY * 400)
    beyond = 1 - 1 / (1.1 * MEMORY * 400)
    assert list(check(waves(swinging(4.0), momentum=beyond)))
    assert not list(check(waves(swinging(4.0), momentum=within)))  # of a cyclical rate, of hard rows
    assert not list(check(waves(swinging(0.8 * RISEN))))
    assert not list(check(waves(decay(2.4, 1.6))))  # comes down and stays


def test_healthy_momentum_that_outlasts_a_run_that_learns() -> None:
    assert not list(check(waves(swinging(4.0), end=0.2)))


def test_healthy_no_momentum_known() -> None:
    assert not list(check(waves(swinging(4.0), momentum=0.0)))
