"""Cases of init-too-large: far above He, it shows, and it did harm."""

from __future__ import annotations

from typing import Any

from gradwise.rules.init_too_large import SIZE_LIMIT, check
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import build, fact, learning

HE = (2 / 64) ** 0.5 * 64  # norm of a 64 x 64 matrix with a He start


def run(size: float, *, end: float = 2.2, activation: str = "tanh", saturated: float = 0.9, signals: tuple[float, ...] = (1, 1, 1), start: float = 2.4, **more: Any) -> Trace:  # fmt: skip
    """Three layers of 64 units that start at ``size`` times a He start; trivial loss 2.3."""
    names = ["fc1", "fc2", "fc3"]
    modules = [ModuleInfo(n, "Linear", activation=activation if i < 2 else "", order=i) for i, n in enumerate(names)]  # fmt: skip
    parameters = [ParameterInfo(f"{n}.weight", (64, 64), module=n, order=i) for i, n in enumerate(names)]
    tables = {
        "weight_norm": {f"{n}.weight": size * HE for n in names},
        "act_std": dict(zip(names, signals, strict=True)),
        "act_mean": dict.fromkeys(names, 0.0),
        "sample_std": dict.fromkeys(names, 1.0),
        "saturated_share": dict.fromkeys(names, saturated),
        **learning(end=end, start=start),
    }
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables, modules=modules, parameters=parameters, **more)  # fmt: skip


def test_sick_saturated_from_the_start() -> None:
    (finding,) = check(run(8))
    assert finding.cures[0] == "he-init" and "beyond +-5" in finding.message


def test_sick_signal_explodes_over_the_layers() -> None:
    (finding,) = check(run(8, activation="relu", signals=(4, 40, 400)))
    assert "grows 100 times" in finding.message


def test_sick_sure_of_wrong_answers() -> None:
    assert list(check(run(8, activation="relu", start=40)))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(0.98 * SIZE_LIMIT)))
    assert list(check(run(1.02 * SIZE_LIMIT)))


def test_healthy_large_start_that_does_no_harm() -> None:
    assert not list(check(run(8, end=0.1)))


def test_healthy_look_alike_saturated_by_its_inputs() -> None:
    assert not list(check(run(1, saturated=1.0)))


def test_healthy_large_weights_behind_a_norm() -> None:
    assert not list(check(run(8, activation="relu", saturated=0.0)))


def test_healthy_opposing_models() -> None:
    tables = {"weight_norm": {"fc1.weight": 8 * HE}}
    parameters = [ParameterInfo("fc1.weight", (64, 64), module="fc1")]
    facts = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    assert not list(check(build(loss=1.0, tables=tables, parameters=parameters, facts=facts)))
