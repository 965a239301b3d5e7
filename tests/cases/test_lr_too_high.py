"""Cases of lr-too-high: long steps alone are no fault, long steps that harm are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.lr_too_high import NOW_FALL, OWN_SHARE, RATIO_LIMIT, START_FALL, STUCK, check
from gradwise.trace.model import ParameterInfo, Trace
from tests.cases.build import Columns, Values, before_and_after, build, decay, fact, noisy

NAMES = ("fc1.weight", "fc2.weight", "fc3.weight")
SHAPES = ((64, 64), (64, 64), (10, 64))
WEIGHT = 6.0  # norm


def at_steps(values: Values) -> Values:
    """Per-step values as a function of the step, so that sampled rows agree with them."""
    return (lambda steps: values[steps]) if isinstance(values, np.ndarray) else values


def run(
    ratio: Values,
    loss: Values,
    *,
    trivial: float = 2.3,
    optimizer: str = "SGD",
    weight: Values = WEIGHT,
    pull: float = 0.1,
    **more: Any,
) -> Trace:
    """A net whose matrices are all moved by ``ratio`` of their norm per step."""

    def update(steps: np.ndarray) -> np.ndarray:
        size = ratio(steps) if callable(ratio) else np.full(len(steps), ratio)
        return np.asarray(size * WEIGHT)

    tables: dict[str, Columns] = {
        "update_norm": dict.fromkeys(NAMES, update),
        "weight_norm": dict.fromkeys(NAMES, weight),
        "grad_norm": dict.fromkeys(NAMES, pull * WEIGHT),
        "criterion": {"cross_entropy": at_steps(loss)},
        "trivial": {"cross_entropy": trivial},
    }
    parameters = [ParameterInfo(n, s, order=i) for i, (n, s) in enumerate(zip(NAMES, SHAPES, strict=True))]
    facts = [fact("optimizer", optimizer, **{"class": optimizer})]
    return build(loss=loss, tables=tables, parameters=parameters, facts=facts, **more)


BAD = noisy(before_and_after(3, 2.3, 40.0), 0.3)
GOOD = noisy(decay(2.3, 0.1), 0.1)


def test_sick_loss_ends_far_above_its_start() -> None:
    (finding,) = check(run(0.4, BAD))
    assert finding.cures[0] == "lower-lr"
    assert finding.value > 3 * RATIO_LIMIT


def test_sick_first_steps_ruin_the_net() -> None:
    def loss(steps: np.ndarray) -> np.ndarray:
        return np.where((steps > 0) & (steps < 12), 60.0, 2.3)

    (finding,) = check(run(before_and_after(6, 1.5, 0.001), loss))
    assert finding.since_step == 0


def test_sick_grows_until_it_is_no_longer_finite() -> None:
    loss = 2.3 * 2.0 ** np.arange(100)
    loss[60:] = np.nan
    assert list(check(run(0.3, loss, steps=100)))


def test_sick_stays_at_the_constant_prediction_with_long_steps() -> None:
    assert list(check(run(0.25, noisy(2.31, 0.1))))


def test_healthy_small_steps() -> None:
    assert not list(check(run(0.003, GOOD)))


def test_healthy_tiny_net_at_a_large_rate_that_learns() -> None:
    assert not list(check(run(before_and_after(100, 0.2, 0.02), GOOD, optimizer="Adam")))


def test_healthy_one_cycle_peak_that_learns_well() -> None:
    def ratio(steps: np.ndarray) -> np.ndarray:
        return 0.3 * np.exp(-(((steps - 120) / 60) ** 2))

    assert not list(check(run(ratio, GOOD)))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(RATIO_LIMIT * 0.97, BAD)))
    assert list(check(run(RATIO_LIMIT * 1.03, BAD)))


def test_healthy_long_first_steps_of_a_hard_task() -> None:
    # Nothing to learn, and Adam's first steps: no harm came of them.
    ratio = before_and_after(10, 0.2, 0.01)
    assert not list(check(run(ratio, noisy(2.28, 0.1), optimizer="Adam")))


def test_healthy_lbfgs_chooses_its_own_steps() -> None:
    assert not list(check(run(0.9, BAD, optimizer="LBFGS")))


def test_healthy_zero_initialised_weights() -> None:
    # Update over weight is infinite at step 0; against a default start it is small.
    small = 0.02
    assert not list(check(run(small, noisy(2.31, 0.1), weight=lambda steps: 0.001 * steps)))


def test_healthy_policy_gradient_with_long_steps() -> None:
    loss = np.random.default_rng(0).standard_normal(400)
    assert not list(check(run(0.2, loss)))


def test_healthy_look_alike_exploding_gradient_at_the_first_step() -> None:
    assert not list(check(run(0.4, BAD, pull=40.0)))


def test_healthy_look_alike_missing_data_goes_nan_without_growth() -> None:
    loss = GOOD(np.arange(400))
    loss[30:] = np.nan
    assert not list(check(run(before_and_after(5, 0.15, 0.02), loss)))


def tried(
    now: dict[str, float | None] | None = None,
    start: dict[str, float | None] | None = None,
    *,
    end: float = 1.4,
    **more: Any,
) -> Trace:
    """Steps of a usual length, and what the probe saw from either state (the loss was 1 before)."""
    states = {"now": now, "start": start}
    measured = {word: {"before": 1.0, "after": after, "steps": 40} for word, after in states.items() if after}
    trace = run(1e-3, noisy(decay(2.3, end), 0.05), **more)
    answer = fact("probe", "rate", status="answered", verdict="lower", measured=measured)
    return replace(trace, facts=(*trace.facts, answer))


def test_sick_a_smaller_rate_goes_further_from_the_same_state() -> None:
    (finding,) = check(tried({"0.1": 0.8, "0.3": 0.9, "1": 1.2}))
    assert "0.1 times the rate takes the loss from 1 to 0.8, the rate used to 1.2" in finding.message
    assert list(check(tried({"0.1": 0.9, "1": None})))
    assert not list(check(run(1e-3, noisy(decay(2.3, 1.4), 0.05))))


def test_healthy_the_rate_used_goes_nearly_as_far() -> None:
    assert not list(check(tried({"0.1": 0.8, "1": 1 - 1.02 * OWN_SHARE * 0.2})))
    assert list(check(tried({"0.1": 0.8, "1": 1 - 0.98 * OWN_SHARE * 0.2})))
    assert not list(check(tried({"0.1": 1 - 0.98 * NOW_FALL, "1": 1.2})))


def test_healthy_nearly_everything_was_learnt_all_the_same() -> None:
    assert not list(check(tried({"0.1": 0.5, "1": 1.2}, end=0.1)))


def test_healthy_a_smaller_rate_is_worse_from_the_first_weights() -> None:
    now: dict[str, float | None] = {"0.1": 0.8, "1": 1.2}
    assert not list(check(tried(now, {"0.1": 0.9, "1": 0.7})))
    assert not list(check(tried(now, {"0.1": 1 - 0.97 * 0.5, "1": 0.5})))
    assert list(check(tried(now, {"0.1": 1 - 0.99 * 0.5, "1": 0.5})))
    assert list(check(tried(now, {"0.1": 0.7, "1": 0.9})))


def test_from_the_first_weights_not_where_units_are_stuck_before_the_first_step() -> None:
    trace = tried(start={"0.1": 0.5, "1": 3.0}, end=2.3)
    for signal in ("saturated_share", "silent_share"):
        for share, found in ((1.02 * STUCK, 0), (0.98 * STUCK, 1)):
            table = build(tables={signal: {"act": share}}).tables
            assert len(list(check(replace(trace, tables={**trace.tables, **table})))) == found


def test_from_the_first_weights_only_where_the_run_is_poor_and_did_not_warm_up() -> None:
    ruined: dict[str, float | None] = {"0.1": 1 - 1.02 * START_FALL, "1": 3.0}
    assert list(check(tried(start=ruined, end=2.3)))
    assert not list(check(tried(start=ruined, end=1.4)))
    assert not list(check(tried(start=ruined, end=2.3, series={"rate": np.linspace(0.0, 0.1, 400)})))
    assert not list(check(tried(start={"0.1": 1 - 0.98 * START_FALL, "1": 3.0}, end=2.3)))
