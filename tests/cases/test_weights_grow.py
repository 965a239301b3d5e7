"""Cases of weights-grow: growth without gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.weights_grow import GAIN, GROWTH_LIMIT, RULE, check
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Values, build, decay, fact, learning, noisy


def run(
    norm: Values,
    *,
    loss: Values = 2.3,
    end: float = 2.2,
    kind: str = "Linear",
    optimizers: int = 1,
    criterion: Values | None = None,
    sampled_steps: Sequence[int] | None = None,
) -> Trace:
    """Two matrices of that norm; trivial loss 2.3."""
    parameters = [ParameterInfo(f"fc{i}.weight", (64, 64), module=f"fc{i}", order=i) for i in range(2)]
    tables = {"weight_norm": {p.name: norm for p in parameters}, **learning(end=end)}
    if criterion is not None:
        tables["criterion"] = {"cross_entropy": criterion}
    facts = [fact("optimizer", "Adam")] * optimizers
    modules = [ModuleInfo("fc0", "Linear"), ModuleInfo("n", kind)]
    more: dict[str, Any] = {"modules": modules, "facts": facts, "sampled_steps": sampled_steps}
    return build(loss=loss, tables=tables, parameters=parameters, **more)


def growing(last: float):
    """Grows exponentially by ``last`` in the second half of 400 steps."""
    return lambda steps: 5.0 * last ** (steps / 200)


def test_sick_grows_while_the_loss_stands() -> None:
    (finding,) = check(run(growing(8)))
    assert finding.cures[0] == "weight-decay"


def test_sick_grows_while_the_loss_rises() -> None:
    assert list(check(run(growing(8), loss=noisy(decay(2.3, 4.0), 0.05))))


def test_sick_penalty_of_the_wrong_sign() -> None:
    """The loss falls for ever by what the weights are worth, and the answers get worse."""
    assert list(check(run(growing(8), loss=decay(2.3, -80.0, 150.0), criterion=decay(2.3, 9.0, 150.0))))


def test_sick_penalty_of_the_wrong_sign_after_learning() -> None:
    trace = run(growing(8), loss=decay(2.3, -80.0, 150.0), criterion=decay(2.3, 0.1, 20.0))
    (finding,) = check(trace)
    assert "criterion" in finding.message


def test_healthy_near_miss_growth_that_still_buys_answers() -> None:
    def falling(per_quarter: float) -> Values:
        return lambda steps: 2.0 - 4 * 2.3 * per_quarter * steps / 400

    loss = decay(2.3, -80.0, 150.0)
    assert not list(check(run(growing(8), loss=loss, criterion=falling(1.3 * (1 - GAIN)))))
    assert list(check(run(growing(8), loss=loss, criterion=falling(0.7 * (1 - GAIN)))))


def test_sick_seen_twice_in_the_second_half() -> None:
    few = [*range(10), 100, 250, 390]
    assert list(check(run(growing(8), sampled_steps=few)))
    assert not list(check(run(growing(8), sampled_steps=few[:-1])))


def test_healthy_likelihood_that_goes_below_zero() -> None:
    """The criterion itself is negative: it is all of the loss."""
    falling = decay(2.3, -80.0, 150.0)
    assert not list(check(run(growing(8), loss=falling, criterion=falling)))


def test_healthy_reward_beside_a_criterion_that_falls() -> None:
    assert not list(check(run(growing(8), loss=decay(2.3, -80.0, 150.0), criterion=decay(2.3, 1.0, 300.0))))


def test_healthy_negative_loss_of_its_own() -> None:
    """A likelihood or a return: nothing else to compare."""
    trace = run(growing(8), loss=decay(2.3, -80.0, 150.0))
    kept = {name: table for name, table in trace.tables.items() if name not in ("criterion", "trivial")}
    assert not list(check(replace(trace, tables=kept)))


def test_healthy_near_miss_just_under_the_limit() -> None:
    late = lambda last: lambda steps: np.where(steps < 150, 1.0, 6.0) * last ** (steps / 200)  # noqa: E731
    assert not list(check(run(late(0.97 * GROWTH_LIMIT))))
    assert list(check(run(late(1.05 * GROWTH_LIMIT))))


def test_healthy_look_alike_separable_data_whose_loss_falls() -> None:
    assert not list(check(run(growing(8), loss=decay(2.3, 0.0, 150.0), end=0.3)))


def test_healthy_poor_but_still_falling() -> None:
    assert not list(check(run(growing(8), loss=decay(2.3, 1.0, 300.0))))


def test_healthy_weights_before_a_norm() -> None:
    assert not list(check(run(growing(8), kind="BatchNorm1d")))


def test_healthy_weights_that_settle() -> None:
    assert not list(check(run(decay(5.0, 60.0))))


def test_healthy_opposing_models() -> None:
    tables = run(growing(8)).tables
    trace = run(growing(8), optimizers=2)
    kept = {name: table for name, table in tables.items() if name not in ("criterion", "trivial")}
    assert not list(
        check(Trace(trace.run, trace.series, kept, trace.facts, (), trace.parameters, trace.steps))
    )


def test_sick_loss_above_a_constants_although_the_answers_are_right() -> None:
    """Grown weights make the few wrong answers dear; right ones do not pay for that."""
    found = []
    for end in (3.5, 0.9):
        trace = run(growing(8), loss=decay(0.5, end, 150.0), criterion=decay(0.5, end, 150.0))
        answers = {"accuracy": {"cross_entropy": 0.85}, "majority": {"cross_entropy": 0.2}}
        tables = build(tables=answers).tables
        found.append(len(list(check(replace(trace, tables={**trace.tables, **tables})))))
    assert found == [1, 0]
    assert "loss-diverges" in RULE.explains


def test_sick_a_loss_that_was_low_and_rises_ever_since() -> None:
    """A penalty of the wrong sign: first learnt, then drowned."""
    risen = np.concatenate([decay(2.3, 0.1, 20.0)(np.arange(100)), np.linspace(0.1, 0.6, 300)])
    assert list(check(run(growing(8), loss=risen, criterion=at(risen))))
    level = np.concatenate([decay(2.3, 0.1, 20.0)(np.arange(100)), np.linspace(0.1, 0.14, 300)])
    assert not list(check(run(growing(8), loss=level, criterion=at(level))))


def at(values: np.ndarray) -> Values:
    return lambda steps: values[steps]
