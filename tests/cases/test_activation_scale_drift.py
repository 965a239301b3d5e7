"""Cases of activation-scale-drift: over depth at the start, or over time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradwise.rules.activation_scale_drift import BURST, BURST_LIMIT, RATIO_LIMIT, check
from gradwise.trace.findings import Finding
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import Values, build, decay, learning


def run(
    factor: float, *, layers: int = 11, end: float = 2.3, norm: bool = False, largest: Values = 3.0
) -> Trace:
    """A signal that changes by ``factor`` in each layer; trivial loss 2.3."""
    names = [f"fc{i}" for i in range(layers)]
    modules = [ModuleInfo(n, "Linear", activation="relu", order=i) for i, n in enumerate(names)]
    modules += [ModuleInfo("bn", "BatchNorm1d", order=layers)] if norm else []
    parameters = [ParameterInfo(f"{n}.weight", (64, 64), module=n, order=i) for i, n in enumerate(names)]
    tables = {
        "weight_norm": {f"{n}.weight": 5.0 for n in names},
        "act_std": {n: factor**i for i, n in enumerate(names)},
        "act_mean": dict.fromkeys(names, 0.0),
        "act_absmax": dict.fromkeys(names, largest),
        "sample_std": dict.fromkeys(names, 1.0),
        **learning(end=end),
    }
    return build(
        loss=tables["criterion"]["cross_entropy"], tables=tables, modules=modules, parameters=parameters
    )


def test_sick_shrinks_with_depth() -> None:
    (finding,) = check(run(0.4))
    assert "shrinks" in finding.message


def test_sick_grows_with_depth() -> None:
    (finding,) = check(run(2.5))
    assert "grows" in finding.message


def test_sick_grows_with_depth_and_is_only_half_made_up_for() -> None:
    assert list(check(run(2.5, end=0.7)))


def test_healthy_near_miss_growth_that_was_made_up_for() -> None:
    assert not list(check(run(2.5, end=0.2)))
    assert not list(check(run(0.4, end=0.7)))  # a signal that shrank


def test_sick_grows_over_time() -> None:
    (finding,) = check(run(1.0, largest=lambda steps: 3.0 * np.exp(steps / 6)))
    assert "over the run" in finding.message


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run((0.98 * RATIO_LIMIT) ** 0.1)))
    assert list(check(run((1.02 * RATIO_LIMIT) ** 0.1)))


def test_healthy_drift_that_is_undone_by_norms() -> None:
    assert not list(check(run(0.4, norm=True)))


def test_healthy_deep_net_that_learns_all_the_same() -> None:
    assert not list(check(run(0.4, end=0.2)))


def test_healthy_look_alike_residual_stream() -> None:
    assert not list(check(run(1.05, layers=40)))


def test_healthy_shallow_net() -> None:
    assert not list(check(run(0.01, layers=4)))


def test_healthy_outputs_that_grow_to_the_scale_of_the_targets() -> None:
    assert not list(check(run(1.0, largest=decay(0.1, 300.0))))


def test_sick_growth_that_bursts_into_the_first_loss() -> None:
    grown = (1.5 * BURST_LIMIT) ** 0.1

    def burst(first: float, ratio: float = grown) -> list[Finding]:
        trace = run(ratio, end=0.7)
        steps = trace.tables["criterion"].steps
        values = np.where(steps == steps[0], first, 0.7)[:, None]
        table = replace(trace.tables["criterion"], values=values)
        return list(check(replace(trace, tables={**trace.tables, "criterion": table})))

    (finding,) = burst(1.1 * BURST * 2.3)
    assert finding.threshold == BURST_LIMIT
    assert not burst(0.9 * BURST * 2.3)
    assert not burst(1.1 * BURST * 2.3, 1 / grown)
