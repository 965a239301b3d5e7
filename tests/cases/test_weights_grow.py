"""Cases of weights-grow: growth without gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.weights_grow import GAIN, GROWTH_LIMIT, MEMORY, PAID_SPREAD, RULE, check
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


def paid(price: float, *, last: float = 1.4, beside: Values = 0.0, kind: str = "Linear") -> Trace:
    """A criterion learnt to 0.1, less that price of the squared norm (two matrices), and something else."""
    learnt, norm = decay(2.3, 0.1, 20.0), growing(last)

    def loss(steps: np.ndarray) -> np.ndarray:
        other = beside(steps) if callable(beside) else beside
        return np.asarray(learnt(steps) - price * 2 * norm(steps) ** 2 + other)

    return run(norm, loss=loss, end=0.1, kind=kind, criterion=learnt)


def test_sick_penalty_of_the_wrong_sign_that_learnt_well() -> None:
    """Its weights have grown too little for anything else to notice, and the answers are right."""
    (finding,) = check(paid(0.001))
    assert "0.001 times the squared norm" in finding.message
    assert list(check(paid(0.001, kind="BatchNorm1d")))


def test_sick_penalty_on_the_matrices_alone() -> None:
    trace = paid(0.001)
    bias = ParameterInfo("fc0.bias", (64,), module="fc0", order=0)
    norms = trace.sampled("weight_norm")
    wide = replace(
        norms, places=(*norms.places, bias.name), values=np.column_stack([norms.values, norms.steps])
    )
    tables = {**trace.tables, "weight_norm": wide}
    assert list(check(replace(trace, tables=tables, parameters=(*trace.parameters, bias))))


def test_healthy_penalty_of_the_right_sign() -> None:
    assert not list(check(paid(-0.001)))


def test_healthy_near_miss_something_else_beside_the_criterion() -> None:
    """An entropy, a likelihood's variance: it falls while the weights grow, and is no square of theirs."""

    def wavy(share: float) -> Values:
        return lambda steps: (
            share * PAID_SPREAD * np.sqrt(2) * 0.002 * 25 * 1.4 ** (steps / 100) * np.sin(steps)
        )

    assert list(check(paid(0.001, beside=wavy(0.5))))
    assert not list(check(paid(0.001, beside=wavy(3.0))))
    assert not list(check(paid(0.0, beside=decay(0.0, -2.0, 100.0))))


def test_healthy_look_alike_momentum_that_outlasts_the_run() -> None:
    """Steps pile up whatever the loss says: that is the momentum's doing."""
    for momentum, found in ((0.999, 0), (1 - 1 / (0.9 * MEMORY * 400), 1)):
        trace = run(growing(8))
        driven = (fact("optimizer", "SGD", momentum=momentum),)
        assert len(list(check(replace(trace, facts=driven)))) == found


def test_healthy_price_of_weights_that_stand() -> None:
    """A constant beside the criterion is any multiple of what stands."""
    assert not list(check(paid(0.001, last=1.05)))


def at(values: np.ndarray) -> Values:
    return lambda steps: values[steps]
