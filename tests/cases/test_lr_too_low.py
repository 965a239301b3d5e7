"""Cases of lr-too-low: steps too small for what there is to learn, not for what there was to tune."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.lr_too_low import NEAR_LIMIT, PATH_LIMIT, RATIO_LIMIT, STILL, check
from gradwise.trace.model import Floats, Ints, ParameterInfo, Trace
from tests.cases.build import Values, build, decay, fact, learning, noisy

PARAMETERS = (
    ParameterInfo("fc1.weight", (64, 20), module="fc1", order=0),
    ParameterInfo("fc2.weight", (10, 64), module="fc2", order=1),
)


def run(ratio: Values, *, end: float = 2.25, pull: float = 0.1, **more: Any) -> Trace:
    """Weights of norm 10 that each step moves by ``ratio`` of it; trivial loss 2.3."""
    tables = {
        "weight_norm": {p.name: 10.0 for p in PARAMETERS},
        "update_norm": {p.name: scaled(ratio) for p in PARAMETERS},
        "grad_norm": {p.name: 10.0 * pull for p in PARAMETERS},
        **learning(end=end, start=2.35),
    }
    loss = more.pop("loss", noisy(decay(2.35, end), 0.01))
    return build(loss=loss, tables=tables, parameters=PARAMETERS, **more)


def scaled(ratio: Values) -> Values:
    if callable(ratio):
        return lambda steps: 10.0 * ratio(steps)
    return 10.0 * np.asarray(ratio, np.float64) if not isinstance(ratio, float) else 10.0 * ratio


def creep(steps: Ints) -> Floats:
    """A straight line from 2.35 to 1.5."""
    return 2.35 - 0.85 * steps / steps.max()


def test_sick_nothing_moves() -> None:
    (finding,) = check(run(1e-7))
    assert finding.cures[0] == "raise-lr"
    assert "1e-07" in finding.message


def test_sick_it_creeps_along_a_straight_line() -> None:
    tables = {"criterion": {"cross_entropy": creep}, "trivial": {"cross_entropy": 2.3}}
    trace = run(5e-5, loss=noisy(creep, 0.005))
    again = build(loss=noisy(creep, 0.005), tables=tables)
    both = Trace(
        trace.run, trace.series, {**trace.tables, **again.tables}, (), (), trace.parameters, trace.steps
    )
    (finding,) = check(both)
    assert "creeps" in finding.message


def test_sick_where_it_began_though_better_than_a_constant() -> None:
    (finding,) = check(run(1e-6, loss=noisy(1.7, 0.01), end=1.7))
    assert "is where it began" in finding.message


def test_healthy_good_from_the_start_and_still_there() -> None:
    assert not list(check(run(1e-6, loss=noisy(0.7, 0.01), end=0.7)))


def test_healthy_near_miss_just_above_the_limit() -> None:
    assert not list(check(run(RATIO_LIMIT * 1.1, steps=1200)))
    assert list(check(run(RATIO_LIMIT * 0.9, steps=1200)))


def test_sick_weights_still_near_where_they_were_drawn() -> None:
    assert list(check(run(NEAR_LIMIT * 0.9, steps=300)))
    assert not list(check(run(NEAR_LIMIT * 1.1, steps=300)))
    assert not list(check(run(NEAR_LIMIT * 0.9, steps=150)))  # too short to tell


def test_healthy_near_miss_small_steps_in_great_number() -> None:
    steps = int(PATH_LIMIT / 9e-5) + 100
    assert not list(check(run(9e-5, steps=steps)))


def test_healthy_usual_rate_on_noise() -> None:
    # Nothing to learn: the constant prediction is the best there is.
    assert not list(check(run(1e-3, end=2.3, loss=noisy(2.3, 0.05))))


def test_healthy_fine_tuning_with_tiny_steps() -> None:
    assert not list(check(run(1e-5, end=0.1)))
    assert not list(check(run(1e-5, facts=[fact("loaded", "net")])))


def test_healthy_still_warming_up() -> None:
    rate: Any = lambda steps: 1e-3 * (steps + 1) / 400  # noqa: E731
    assert not list(check(run(3e-5, series={"rate": rate})))
    assert list(check(run(3e-5, series={"rate": 1e-6})))


def test_healthy_cosine_ends_at_zero() -> None:
    ratio: Any = lambda steps: 1e-3 * (1 + np.cos(np.pi * steps / 400)) / 2 + 1e-9  # noqa: E731
    assert not list(check(run(ratio)))


def test_healthy_look_alike_vanishing_gradient() -> None:
    assert not list(check(run(1e-6, pull=1e-6)))


def test_healthy_adversarial_pair() -> None:
    two = [
        fact("optimizer", "Adam", **{"class": "Adam"}),
        fact("optimizer", "Adam", step=1, **{"class": "Adam"}),
    ]
    trace = run(1e-6, facts=two)
    spread = build(tables={"target_std": {"cross_entropy": 0.0}}).tables
    pair = Trace(trace.run, trace.series, {**trace.tables, **spread}, trace.facts, (), trace.parameters, 400)
    assert not list(check(pair))


def test_healthy_few_steps() -> None:
    assert not list(check(run(1e-6, steps=30)))


def test_sick_a_part_is_learnt_by_steps_that_lead_nowhere() -> None:
    bent = noisy(decay(2.35, 1.6, 40.0), 0.01)  # no creeping: all of it came at first
    assert list(check(run(0.9 * STILL / 400, end=1.6, loss=bent)))
    assert not list(check(run(1.1 * STILL / 400, end=1.6, loss=bent)))
    assert not list(check(run(0.9 * STILL / 400, end=0.9, loss=noisy(decay(2.35, 0.9, 40.0), 0.01))))
