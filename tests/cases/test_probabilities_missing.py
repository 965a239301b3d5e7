"""Runs whose loss takes probabilities, fed probabilities or raw scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradwise.rules.probabilities_missing import LOG_SUM_LIMIT, OUTSIDE, check
from gradwise.trace.model import Fact, ModuleInfo, Trace
from tests.cases.build import Values, build, fact, noisy


def call(function: str, *operations: str, module: str = "", classes: int | None = 10) -> Fact:
    lineage: list[dict[str, Any]] = [
        {"operation": name, "module": module if at == 0 else ""} | ({"out": 1} if name == "linear" else {})
        for at, name in enumerate(operations)
    ]
    return fact(
        "loss-call",
        function,
        function=function,
        producer=operations[0],
        producer_module=module,
        input_shape=[32, 10],
        classes=classes,
        lineage=[*lineage, {"operation": "input"}],
    )


def run(one: Fact, *, low: float = -3.0, high: float = 4.0, **more: Any) -> Trace:
    place = one.where
    tables: dict[str, dict[str, Values]] = {"output_min": {place: low}, "output_max": {place: high}}
    error = more.pop("error", None)
    if error is not None:
        tables["log_sum_error"] = {place: error}
    return build(facts=[one], tables=tables, **more)


def test_sick_scores_into_nll() -> None:
    (finding,) = check(run(call("nll_loss", "linear", module="fc2"), error=noisy(2.4, 0.2)))
    assert finding.where == ("fc2",)
    assert finding.group == "broken"
    assert "log-probabilities" in finding.message


def test_sick_probabilities_into_nll() -> None:
    assert list(check(run(call("nll_loss", "softmax", "linear"), low=0.0, high=1.0, error=1.7)))


def test_sick_dropped_scores_into_nll() -> None:
    drop = ModuleInfo("drop", "Dropout", order=3)
    assert list(check(run(call("nll_loss", "Mul", "linear", module="drop"), error=2.0, modules=[drop])))


def test_sick_scores_into_bce_until_torch_stops() -> None:
    trace = run(call("binary_cross_entropy", "linear"), low=0.1, high=0.9, status="failed")
    trace = replace(trace, run=replace(trace.run, error=f"RuntimeError: {OUTSIDE}"))
    (finding,) = check(trace)
    assert "torch stopped the run" in finding.message


def test_sick_softmax_into_kl() -> None:
    assert list(check(run(call("kl_div", "softmax", "linear"), low=0.0, high=0.99)))


def test_sick_scores_into_kl() -> None:
    assert list(check(run(call("kl_div", "linear"))))


def test_healthy_log_softmax_into_nll() -> None:
    assert not list(check(run(call("nll_loss", "log_softmax", "linear"), high=-1e-4, error=1e-6)))


def test_healthy_log_of_softmax_into_nll() -> None:
    assert not list(check(run(call("nll_loss", "Log", "softmax", "linear"), high=-1e-4, error=1e-6)))


def test_healthy_log_densities_into_nll() -> None:
    """Class-wise log-densities of a flow: they need not sum to one."""
    assert not list(check(run(call("nll_loss", "Add", "Sum"), error=9.0)))


def test_healthy_near_miss_a_layer_that_is_normalised() -> None:
    good = run(call("nll_loss", "linear"), error=LOG_SUM_LIMIT * 0.99)
    assert not list(check(good))
    assert list(check(run(call("nll_loss", "linear"), error=LOG_SUM_LIMIT * 1.01)))


def test_healthy_look_alike_softmax_twice() -> None:
    assert not list(check(run(call("cross_entropy", "softmax", "linear"), error=1.7)))


def test_healthy_look_alike_nan_stops_the_run() -> None:
    """torch says the same words when a sigmoid gives NaN."""
    trace = run(call("binary_cross_entropy", "sigmoid", "linear"), status="failed")
    assert not list(check(replace(trace, run=replace(trace.run, error=f"RuntimeError: {OUTSIDE}"))))


def test_healthy_scores_clamped_to_shares() -> None:
    assert not list(check(run(call("binary_cross_entropy", "Clamp", "linear"), low=0.0, high=1.0)))


def test_healthy_weighted_mean_of_shares() -> None:
    """Experts' probabilities times gates: a matrix product without a weight of its own."""
    one = call("binary_cross_entropy", "linear")
    del one.data["lineage"][0]["out"]  # type: ignore[index]
    assert not list(check(run(one, low=0.1, high=0.9)))


def test_healthy_log_softmax_into_kl() -> None:
    assert not list(check(run(call("kl_div", "log_softmax", "linear"), high=0.0)))
    assert not list(check(run(call("kl_div", "linear"), high=-0.1)))


def test_healthy_one_class_is_another_ailment() -> None:
    assert not list(check(run(call("nll_loss", "linear", classes=1), error=3.0)))


def test_sick_scores_of_a_layer_over_three_dimensions() -> None:
    """Product and bias are two operations there; the same by hand belongs to no layer."""
    for kind, found in (("Linear", 1), ("Decoder", 0)):
        layer = ModuleInfo("decoder", kind, order=3)
        one = call("nll_loss", "Add", "linear", module="decoder")
        assert len(list(check(run(one, error=2.0, modules=[layer])))) == found, kind
