"""Cases of weights-grow: growth without gain."""

from __future__ import annotations

import numpy as np

from gradwise.rules.weights_grow import GROWTH_LIMIT, check
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Values, build, decay, fact, learning, noisy


def run(
    norm: Values, *, loss: Values = 2.3, end: float = 2.2, kind: str = "Linear", optimizers: int = 1
) -> Trace:
    """Two matrices of that norm; trivial loss 2.3."""
    parameters = [ParameterInfo(f"fc{i}.weight", (64, 64), module=f"fc{i}", order=i) for i in range(2)]
    tables = {"weight_norm": {p.name: norm for p in parameters}, **learning(end=end)}
    facts = [fact("optimizer", "Adam")] * optimizers
    modules = [ModuleInfo("fc0", "Linear"), ModuleInfo("n", kind)]
    return build(loss=loss, tables=tables, parameters=parameters, modules=modules, facts=facts)


def growing(last: float):
    """Grows exponentially by ``last`` in the second half of 400 steps."""
    return lambda steps: 5.0 * last ** (steps / 200)


def test_sick_grows_while_the_loss_stands() -> None:
    (finding,) = check(run(growing(8)))
    assert finding.cures[0] == "weight-decay"


def test_sick_grows_while_the_loss_rises() -> None:
    assert list(check(run(growing(8), loss=noisy(decay(2.3, 4.0), 0.05))))


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
