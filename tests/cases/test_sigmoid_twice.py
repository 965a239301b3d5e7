"""Runs whose loss applies a sigmoid, fed the output of a sigmoid or raw scores."""

from __future__ import annotations

import pytest

from gradwise.rules.sigmoid_twice import check
from gradwise.trace.model import Fact
from tests.cases.build import build, fact, learning

PLACE = "binary_cross_entropy_with_logits"


def call(*operations: str, function: str = PLACE, module: str = "") -> Fact:
    """A loss fed by these operations, nearest the loss first; the first was done by ``module``."""
    lineage = [{"operation": name, "module": module if at == 0 else ""} for at, name in enumerate(operations)]
    return fact(
        "loss-call",
        function,
        function=function,
        producer=operations[0],
        producer_module=module,
        input_shape=[32, 1],
        lineage=[*lineage, {"operation": "input"}],
    )


def test_sick_sigmoid_module() -> None:
    (finding,) = check(build(facts=[call("sigmoid", "linear", module="out.1")], tables=learning(PLACE)))
    assert finding.where == ("out.1",)
    assert "0.50 and 0.73" in finding.message
    assert finding.cures == ("drop-activation",)


@pytest.mark.parametrize("operation", ["hardsigmoid", "softmax", "log_sigmoid"])
def test_sick_other_squashing(operation: str) -> None:
    assert len(list(check(build(facts=[call(operation, "linear")])))) == 1


def test_sick_behind_a_clamp() -> None:
    assert list(check(build(facts=[call("Clamp", "sigmoid", "linear")])))


def test_sick_many_labels() -> None:
    assert list(check(build(facts=[call("sigmoid", "linear", function="multilabel_soft_margin_loss")])))


def test_healthy_raw_scores() -> None:
    assert not list(check(build(facts=[call("linear")])))


def test_healthy_sigmoid_before_the_loss_for_probabilities() -> None:
    assert not list(check(build(facts=[call("sigmoid", "linear", function="binary_cross_entropy")])))


def test_healthy_near_miss_scaled_sigmoid() -> None:
    """20 * sigmoid(x) - 10 reaches far enough."""
    assert not list(check(build(facts=[call("Sub", "Mul", "sigmoid", "linear")])))


def test_healthy_look_alike_sigmoid_before_the_last_layer() -> None:
    assert not list(check(build(facts=[call("linear", "sigmoid", "linear")])))


def test_healthy_gate_times_scores() -> None:
    assert not list(check(build(facts=[call("Mul")])))


def test_healthy_sigmoid_in_another_loss() -> None:
    assert not list(check(build(facts=[call("sigmoid", "linear", function="mse_loss")])))
