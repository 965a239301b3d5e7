"""Cases of init-too-large: far above He, it shows, and it did harm."""

from __future__ import annotations

from typing import Any

from gradwise.rules.init_too_large import RECURRENT_LIMIT, SIZE_LIMIT, check
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


def recurrent(size: float, *, end: float = 2.2, name: str = "gru.weight_hh_l0") -> Trace:
    """A GRU of 48 whose recurrent matrix starts at ``size`` times torch's own, before a usual head."""
    own = (1 / (3 * 48)) ** 0.5 * (144 * 48) ** 0.5
    parameters = [
        ParameterInfo("gru.weight_ih_l0", (144, 48), module="gru"),
        ParameterInfo(name, (144, 48), module="gru"),
        ParameterInfo("fc.weight", (5, 48), module="fc", order=1),
    ]
    norms = {"gru.weight_ih_l0": own, name: size * own, "fc.weight": 1.3}
    tables = {"weight_norm": norms, **learning(end=end)}
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables, parameters=parameters)


def test_sick_recurrent_weights() -> None:
    (finding,) = check(recurrent(12.0))
    assert finding.where == ("gru.weight_hh_l0",) and finding.cures[0] == "orthogonal-init"
    assert abs(finding.value - 12.0) < 1e-6
    assert list(check(recurrent(12.0, name="cell.weight_hh")))


def test_healthy_near_miss_recurrent_weights() -> None:
    assert not list(check(recurrent(0.98 * RECURRENT_LIMIT)))
    assert list(check(recurrent(1.02 * RECURRENT_LIMIT)))
    assert not list(check(recurrent(3**0.5)))  # orthogonal


def test_healthy_large_recurrent_weights_that_learn() -> None:
    assert not list(check(recurrent(12.0, end=1.1)))
    assert list(check(recurrent(12.0, end=1.3)))


def test_healthy_look_alike_large_weights_that_feed_nothing_back() -> None:
    assert not list(check(recurrent(12.0, name="gru.weight_hx_l0")))
