"""Cases of loss-diverges: above the start, above the constant prediction, and there to stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.loss_diverges import GROWTH, check
from gradwise.trace.model import Trace
from tests.cases.build import Values, before_and_after, build, decay, fact, learning, noisy


def run(loss: Values, *, trivial: float | None = 1.0, steps: int = 400, **more: Any) -> Trace:
    """A run whose recognised criterion is its loss (not recognised when ``trivial`` is None)."""
    if trivial is None:
        return build(steps=steps, loss=loss, **more)
    tables = {"criterion": {"mse_loss": loss}, "trivial": {"mse_loss": trivial}}
    return build(steps=steps, loss=loss, tables=tables, **more)


def test_sick_grows_without_end() -> None:
    (finding,) = check(run(lambda steps: 1.2 * 1.02**steps))
    assert finding.value > 100
    assert "times, limit" in finding.message


def test_sick_the_optimizer_climbs() -> None:
    told = fact("optimizer", "SGD", maximize=True)
    (finding,) = check(run(lambda steps: 1.2 * 1.02**steps, facts=[told]))
    assert "told to maximize" in finding.message
    assert finding.cures[:2] == ("descend", "lower-lr")
    (finding,) = check(run(lambda steps: 1.2 * 1.02**steps, facts=[fact("optimizer", "SGD", maximize=False)]))
    assert finding.cures[0] == "lower-lr"


def test_sick_settles_above_its_start() -> None:
    (finding,) = check(run(noisy(before_and_after(8, 1.0, 3.0), 0.2)))
    assert finding.since_step < 20


def test_sick_lost_what_it_had_learnt() -> None:
    def loss(steps: np.ndarray) -> np.ndarray:
        return np.where(steps < 300, 1.2 * 0.98**steps, 1.15)

    (finding,) = check(run(noisy(loss, 0.05)))
    assert finding.since_step >= 300 or finding.value < GROWTH


def test_sick_unknown_loss_that_explodes() -> None:
    assert list(check(run(lambda steps: 0.3 * 1.05**steps, trivial=None, steps=120)))


def test_healthy_falls() -> None:
    assert not list(check(run(noisy(decay(1.1, 0.1), 0.3))))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(before_and_after(8, 1.0, GROWTH * 0.98))))
    assert list(check(run(before_and_after(8, 1.0, GROWTH * 1.02))))


def test_healthy_better_than_constant_though_above_its_start() -> None:
    # Q-learning: targets grow with the values learnt, and the loss with them.
    assert not list(check(run(decay(0.01, 0.2), trivial=0.9)))


def test_healthy_annealed_penalty_of_an_unknown_loss() -> None:
    assert not list(check(run(noisy(decay(100.0, 160.0), 0.05), trivial=None)))


def test_healthy_noisy_single_sample_loss() -> None:
    random = np.random.default_rng(3)
    loss = random.standard_normal(600) ** 2
    loss[0] = 0.001  # a lucky first sample
    assert not list(check(run(loss, trivial=None, steps=600)))


def test_healthy_policy_gradient_loss_changes_sign() -> None:
    loss = np.random.default_rng(0).standard_normal(400) * np.linspace(0.5, 8, 400)
    assert not list(check(run(loss, trivial=None)))


def test_healthy_generator_loses_to_its_critic() -> None:
    optimizers = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    tables = learning("binary_cross_entropy", trivial=0.69, end=3.0) | {
        "target_std": {"binary_cross_entropy": 0.0}
    }
    assert not list(check(build(loss=decay(0.7, 4.0), tables=tables, facts=optimizers)))


def test_healthy_look_alike_spike_that_comes_back() -> None:
    def loss(steps: np.ndarray) -> np.ndarray:
        return np.where((steps > 200) & (steps < 215), 30.0, 0.98**steps + 0.05)

    assert not list(check(run(loss)))


def test_healthy_warm_restart_ends_low() -> None:
    assert not list(check(run(lambda steps: 0.1 + 0.9 * ((-steps - 1) % 100) / 100)))
