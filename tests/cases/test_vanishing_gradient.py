"""Cases of vanishing-gradient: the first layers starve, and the run is poor for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.vanishing_gradient import PLATEAU_SHARE, RATIO_LIMIT, RATIO_LIMIT_RESCALED, check
from gradwise.trace.model import ParameterInfo, Trace
from tests.cases.build import Columns, Values, before_and_after, build, fact, learning, noisy

LAYERS = 6
NAMES = tuple(f"layers.{i}.weight" for i in range(LAYERS))


def run(
    ratio: float,
    *,
    end: float = 2.29,
    move: float = 1e-6,
    optimizer: str = "SGD",
    layers: int = LAYERS,
    last: Values = 1.0,
    **more: Any,
) -> Trace:
    """A stack of equal layers whose gradient falls geometrically to ``ratio`` at the first."""
    names = NAMES[:layers]
    shares = [ratio ** (1 - i / (layers - 1)) for i in range(layers)]
    tables: dict[str, Columns] = {
        "grad_norm": {
            name: noisy(share, 0.2, seed=i) for i, (name, share) in enumerate(zip(names, shares, strict=True))
        },
        "weight_norm": dict.fromkeys(names, 5.0),
        "update_norm": dict.fromkeys(names, 5.0 * move),
        **learning(end=end),
    }
    if last != 1.0:
        tables["grad_norm"] = {**tables["grad_norm"], names[-1]: last}
    parameters = [ParameterInfo(name, (48, 48), order=i, **more) for i, name in enumerate(names)]
    facts = [fact("optimizer", optimizer, **{"class": optimizer})]
    loss = tables["criterion"]["cross_entropy"]
    return build(loss=loss, tables=tables, parameters=parameters, facts=facts)


def test_sick_deep_sigmoid_net() -> None:
    (finding,) = check(run(1e-5))
    assert finding.where == NAMES[:2]
    assert finding.value < RATIO_LIMIT
    assert finding.cures[0] == "relu"


def test_sick_rescaling_optimizer_needs_a_smaller_ratio() -> None:
    assert not list(check(run(RATIO_LIMIT_RESCALED * 3, optimizer="Adam", move=0.01)))
    assert list(check(run(RATIO_LIMIT_RESCALED / 10, optimizer="Adam", move=0.01)))


def test_healthy_even_gradients() -> None:
    assert not list(check(run(0.5, end=0.1)))


def test_healthy_near_miss_ratio_just_above_the_limit() -> None:
    assert not list(check(run(RATIO_LIMIT * 2)))
    assert list(check(run(RATIO_LIMIT / 4)))


def test_healthy_small_ratio_but_the_net_learns() -> None:
    assert not list(check(run(1e-5, end=0.2)))


def test_healthy_first_layers_move_all_the_same() -> None:
    assert not list(check(run(1e-5, move=0.01)))


def test_healthy_two_layers_have_no_depth() -> None:
    assert not list(check(run(1e-5, layers=2)))


def test_healthy_fine_tuning_with_a_frozen_backbone() -> None:
    assert not list(check(run(1e-5, requires_grad=False)))


def test_healthy_look_alike_dead_units_give_no_gradient_at_all() -> None:
    assert not list(check(run(0.0)))


def plateau(share: float, *, end: float = 1.0, ratio: float = 1e-6) -> Trace:
    """No layer learns for a share of the run; then all do."""
    trace = run(ratio, end=end)
    stop = share * trace.steps
    curve = before_and_after(int(stop), 2.3, end)
    grads = {
        name: (lambda steps, own=column: np.where(steps < stop, np.interp(steps, *own), 1.0))
        for name, column in (
            (n, (trace.tables["grad_norm"].steps, trace.tables["grad_norm"].column(n))) for n in NAMES
        )
    }
    told = build(loss=curve, tables={"grad_norm": grads})
    return replace(trace, series=told.series, tables={**trace.tables, **told.tables})


def test_sick_a_long_plateau_before_half_is_learnt() -> None:
    (finding,) = check(plateau(PLATEAU_SHARE + 0.05))
    assert finding.value < 1e-5
    assert not list(check(plateau(PLATEAU_SHARE - 0.05)))
    assert not list(check(plateau(PLATEAU_SHARE + 0.05, end=0.3)))
    assert not list(check(plateau(PLATEAU_SHARE + 0.05, ratio=0.1)))
