"""Cases of init-too-small: far below any usual start, and the signal dies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradwise.rules.init_too_small import (
    DEEP_SIGNAL_LIMIT,
    DEEP_SIZE_LIMIT,
    SIGNAL_LIMIT,
    SIZE_LIMIT,
    check,
)
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Values, before_and_after, build, fact, learning

OWN = (1 / 64 / 3) ** 0.5 * 64  # norm of a 64 x 64 matrix as torch starts it


def run(
    size: float, signal: float = 1e-6, *, end: float = 2.3, layers: int = 4, loss: Values | None = None
) -> Trace:
    """Layers of 64 units that start at ``size`` times torch's own start; trivial loss 2.3."""
    names = [f"fc{i}" for i in range(layers)]
    modules = [ModuleInfo(n, "Linear", activation="relu", order=i) for i, n in enumerate(names)]
    parameters = [ParameterInfo(f"{n}.weight", (64, 64), module=n, order=i) for i, n in enumerate(names)]
    tables = {
        "weight_norm": {f"{n}.weight": size * OWN for n in names},
        "act_std": dict.fromkeys(names, signal),
        "act_mean": dict.fromkeys(names, 0.0),
        "sample_std": dict.fromkeys(names, 1.0),
        **learning(end=end),
    }
    curve = tables["criterion"]["cross_entropy"] if loss is None else loss
    return build(loss=curve, tables=tables, modules=modules, parameters=parameters)


def test_sick_dies_and_never_learns() -> None:
    (finding,) = check(run(0.02))
    assert finding.cures[0] == "he-init"


def listed(signal: float) -> Trace:
    """The same weights in a list of parameters: no layer puts anything out."""
    trace = run(0.02)
    kept = {name: table for name, table in trace.tables.items() if name not in ("act_std", "act_mean")}
    told = build(
        tables={"output_sample_std": {"cross_entropy": signal}},
        facts=[fact("loss-call", "cross_entropy", function="cross_entropy")],
    )
    return replace(trace, tables={**kept, **told.tables}, facts=told.facts)


def test_sick_weights_in_a_list_of_parameters() -> None:
    (finding,) = check(listed(0.5 * SIGNAL_LIMIT))
    assert "cross_entropy" in finding.message
    assert not list(check(listed(2 * SIGNAL_LIMIT)))


def test_healthy_nothing_known_of_the_signal() -> None:
    trace = listed(0.0)
    assert not list(check(replace(trace, facts=())))


def test_sick_plateau_of_a_third_of_the_run() -> None:
    assert list(check(run(0.02, end=0.1, loss=before_and_after(200, 2.3, 0.1))))


def test_sick_nothing_arrived_and_half_was_learnt_in_the_end() -> None:
    fall = np.linspace(2.3, 1.1, 400)
    assert list(check(run(0.02, signal=0.5 * DEEP_SIGNAL_LIMIT, end=1.1, loss=fall)))
    assert not list(check(run(0.02, signal=2 * DEEP_SIGNAL_LIMIT, end=1.1, loss=fall)))
    well = np.linspace(2.3, 0.2, 400)
    assert not list(check(run(0.02, signal=0.5 * DEEP_SIGNAL_LIMIT, end=0.2, loss=well)))


def test_healthy_near_miss_just_above_the_limit() -> None:
    assert not list(check(run(1.02 * SIZE_LIMIT, 0.5 * SIGNAL_LIMIT)))
    assert list(check(run(0.98 * SIZE_LIMIT)))


def test_healthy_small_weights_whose_signal_is_kept_by_a_norm() -> None:
    assert not list(check(run(0.02, signal=2 * SIGNAL_LIMIT)))


def test_healthy_small_start_that_learns_at_once() -> None:
    assert not list(check(run(0.02, end=0.1)))


def test_healthy_linear_model_from_zero() -> None:
    assert not list(check(run(0.0, layers=1)))
    assert not list(check(run(0.02, layers=1)))


def test_healthy_look_alike_deep_net_with_a_usual_start() -> None:
    assert not list(check(run(1.0, layers=20)))


def test_sick_many_layers_each_a_little_too_small() -> None:
    (finding,) = check(run(0.9 * DEEP_SIZE_LIMIT, 0.9 * DEEP_SIGNAL_LIMIT))
    assert finding.threshold == DEEP_SIZE_LIMIT


def test_healthy_near_miss_of_the_deep_limits() -> None:
    assert not list(check(run(1.1 * DEEP_SIZE_LIMIT, 0.9 * DEEP_SIGNAL_LIMIT)))
    assert not list(check(run(0.9 * DEEP_SIZE_LIMIT, 1.1 * DEEP_SIGNAL_LIMIT)))


def test_sick_plateau_of_a_quarter_under_noise() -> None:
    """The first losses alone do not tell whether the loss fell: small batches scatter them."""
    rng = np.random.default_rng(1)
    scatter = 0.2 * rng.standard_normal(400)
    assert list(check(run(0.02, end=0.1, loss=lambda s: np.where(s < 110, 2.3, 0.1) + scatter[s])))
    assert not list(check(run(0.02, end=0.1, loss=lambda s: np.where(s < 10, 2.3, 1.0) + 0.1 * scatter[s])))


def test_sick_only_the_bias_has_learnt_by_then() -> None:
    """The first steps bring the mean, and then nothing moves for a while."""
    curve = lambda s: np.where(s < 5, 3.0, np.where(s < 110, 2.25, 0.2))  # noqa: E731
    tables = {"criterion": {"cross_entropy": curve}}
    trace = run(0.02, end=0.2, loss=curve)
    slow = replace(trace, tables={**trace.tables, **build(tables=tables).tables})
    assert list(check(slow))
    soon = lambda s: np.where(s < 5, 3.0, np.where(s < 40, 2.25, 0.2))  # noqa: E731
    early = replace(
        run(0.02, end=0.2, loss=soon),
        tables={**trace.tables, **build(tables={"criterion": {"cross_entropy": soon}}).tables},
    )
    assert not list(check(early))
