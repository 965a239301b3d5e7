"""What "poor", "good", "start" and "opposing" mean, for every rule alike."""

from __future__ import annotations

import numpy as np
import pytest

from gradwise.rules.course import course
from gradwise.rules.learning import opposing, outcome, signed
from gradwise.trace.model import Series
from tests.cases.build import build, decay, fact, learning, noisy


def test_skill_is_the_share_of_the_trivial_loss_removed() -> None:
    result = outcome(build(loss=decay(2.0, 0.5, 5.0), tables=learning(trivial=2.0, end=0.5)))
    assert result.skill == pytest.approx(0.75, abs=0.01)
    assert result.good
    assert not result.poor


def test_skill_does_not_change_when_the_loss_is_rescaled() -> None:
    def skill(factor: float) -> float:
        curve = decay(2.0 * factor, 0.5 * factor)
        tables = {"criterion": {"mse_loss": curve}, "trivial": {"mse_loss": 2.0 * factor}}
        return outcome(build(loss=curve, tables=tables)).skill

    assert skill(1.0) == pytest.approx(skill(1e6))


def test_skill_follows_the_loss_where_the_last_samples_lie_far_back() -> None:
    # Ten samples at the start, none later: the loss of every step tells the rest.
    curve = decay(2.0, 0.1, 30.0)
    tables = {"criterion": {"mse_loss": lambda s: 3 * curve(s)}, "trivial": {"mse_loss": 6.0}}
    trace = build(loss=curve, tables=tables, sampled_steps=range(10))
    assert outcome(trace).skill == pytest.approx(0.95, abs=0.01)


def test_stale_samples_of_another_loss_are_not_the_outcome() -> None:
    tables = {"criterion": {"mse_loss": noisy(2.0, 0.3)}, "trivial": {"mse_loss": 2.0}}
    result = outcome(build(loss=decay(5.0, 0.1), tables=tables, sampled_steps=range(10)))
    assert np.isnan(result.skill)
    assert not result.poor


@pytest.mark.parametrize(("accuracy", "poor"), [(0.65, True), (0.9, False)])
def test_a_loss_that_stays_where_it_began_is_poor_whatever_share_is_right_by_luck(accuracy, poor) -> None:
    places = ("accuracy", accuracy), ("majority", 0.5), ("criterion", 0.69), ("trivial", 0.69)
    tables = {signal: {"binary_cross_entropy_with_logits": value} for signal, value in places}
    assert outcome(build(loss=0.69, tables=tables)).poor is poor


def test_poor_when_hardly_better_than_constant() -> None:
    assert outcome(build(loss=2.29, tables=learning(trivial=2.3, end=2.29))).poor


def test_accuracy_forgives_a_loss_that_is_not_small() -> None:
    tables = learning(trivial=0.69, end=0.68) | {
        "accuracy": {"cross_entropy": 0.9},
        "majority": {"cross_entropy": 0.5},
    }
    assert not outcome(build(loss=0.68, tables=tables)).poor


def test_unknown_loss_is_compared_with_its_start() -> None:
    assert outcome(build(loss=decay(10.0, 9.5))).poor
    assert not outcome(build(loss=decay(10.0, 1.0))).poor


def test_loss_around_zero_is_never_called_poor() -> None:
    loss = np.random.default_rng(0).standard_normal(400)
    assert not outcome(build(loss=loss)).poor
    assert signed(Series.of(loss))


def test_nonfinite_end_is_poor() -> None:
    loss = np.ones(50)
    loss[40:] = np.nan
    result = outcome(build(steps=50, loss=loss))
    assert result.nonfinite
    assert result.poor


def test_empty_run_is_nothing() -> None:
    assert not outcome(build(steps=0)).poor


def test_two_optimizers_of_one_autoencoder_do_not_oppose() -> None:
    both = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    tables = learning("mse_loss") | {"target_std": {"mse_loss": 0.4}}
    assert not opposing(build(loss=1.0, tables=tables, facts=both))
    real_or_fake = learning("binary_cross_entropy") | {"target_std": {"binary_cross_entropy": 0.0}}
    assert opposing(build(loss=1.0, tables=real_or_fake, facts=both))
    assert not opposing(build(loss=1.0, tables=real_or_fake, facts=both[:1]))


def test_course_starts_at_the_first_value_and_ends_at_the_last_tenth() -> None:
    way = course(build(loss=lambda steps: np.where(steps == 0, 2.3, 50.0), tables=learning(end=50.0)))
    assert way.start == pytest.approx(2.3)
    assert way.level == pytest.approx(50.0)
    assert way.since == 1


def test_course_of_a_loss_that_ended_nonfinite_ends_just_before() -> None:
    loss = np.full(200, 1.0)
    loss[145:150] = (10, 1e3, 1e5, 1e9, 1e20)
    loss[150:] = np.nan
    assert course(build(steps=200, loss=loss)).level == pytest.approx(1e5)
