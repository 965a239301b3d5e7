"""Networks that are one linear map, and networks that are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.missing_nonlinearity import PART_REACHED, REACHED_LIMIT, check
from gradwise.trace.model import ModuleInfo, ParameterInfo, Trace
from tests.cases.build import build, fact, learning

INPUT = {"operation": "input"}
MODULES = (
    ModuleInfo("drop", "Dropout"),
    ModuleInfo("bn", "BatchNorm1d"),
    ModuleInfo("norm", "InstanceNorm1d"),
    ModuleInfo("gate", "Gate"),
)


def layer(name: str, inner: int, out: int, operation: str = "linear", **more: Any) -> dict[str, Any]:
    return {"operation": operation, "module": name, "in": inner, "out": out, "tied": False} | more


def op(name: str, module: str = "") -> dict[str, Any]:
    return {"operation": name, "module": module}


def run(
    *steps: dict[str, Any], end: float = 1.2, steps_run: int = 400, last: Any = None, **more: Any
) -> Trace:
    """A classifier with these operations behind its scores, nearest the loss first; trivial loss 2.3."""
    lineage = [*steps, INPUT if last is None else last]
    call = fact("loss-call", "cross_entropy", function="cross_entropy", input_shape=[32, 10], lineage=lineage)
    tables = learning(end=end)
    return build(
        steps=steps_run,
        facts=[call, *more.pop("facts", ())],
        loss=tables["criterion"]["cross_entropy"],
        tables=tables,
        modules=MODULES,
        **more,
    )


FIRST, MIDDLE, LAST = layer("fc1", 20, 64), layer("fc2", 64, 64), layer("fc3", 64, 10)


def test_sick_three_layers() -> None:
    (finding,) = check(run(LAST, MIDDLE, FIRST))
    assert finding.where == ("fc1", "fc2", "fc3")
    assert finding.cures == ("insert-activation",)


def test_sick_dropout_and_batch_norm_bend_nothing() -> None:
    assert list(check(run(op("log_softmax"), LAST, op("Mul", "drop"), op("batch_norm", "bn"), FIRST)))


def test_sick_convolution_averaged_into_a_layer() -> None:
    assert list(check(run(LAST, op("Mean"), layer("conv", 1, 64, "conv", groups=1))))


def test_healthy_relu_between() -> None:
    assert not list(check(run(LAST, op("relu"), MIDDLE, FIRST)))


def test_healthy_logistic_regression() -> None:
    assert not list(check(run(layer("fc", 20, 10))))


def test_healthy_unknown_operations_bend() -> None:
    for name in ("Sin", "MaxPool2DWithIndices", "layer_norm", "Bmm", "CompiledFunction", "Pow"):
        assert not list(check(run(LAST, op(name), FIRST)))


def test_healthy_gating_by_a_mask() -> None:
    """x * (x > 0) is a product with a constant for autograd; only a dropout's is known to be one."""
    assert not list(check(run(LAST, op("Mul", "gate"), FIRST)))


def test_healthy_instance_norm_bends() -> None:
    assert not list(check(run(LAST, op("batch_norm", "norm"), FIRST)))


def test_healthy_low_rank_factors_and_linear_autoencoders() -> None:
    assert not list(check(run(layer("up", 4, 64), layer("down", 64, 4))))


def test_healthy_residual_and_attention_are_branches() -> None:
    assert not list(check(run(LAST, FIRST, last={"operation": "branch"})))


def test_healthy_same_weight_twice() -> None:
    """A linear recurrence, as in Koopman models."""
    assert not list(check(run(LAST, MIDDLE, layer("fc2", 64, 64, tied=True), FIRST)))


def test_healthy_depthwise_and_pointwise() -> None:
    assert not list(
        check(run(LAST, op("Mean"), layer("dw", 1, 64, "conv", groups=64), layer("pw", 3, 64, "conv")))
    )


def test_healthy_two_convolutions_are_one_separable_filter() -> None:
    first, second = layer("row", 1, 8, "conv", groups=1), layer("column", 8, 1, "conv", groups=1)
    assert not list(check(run(second, first)))


def test_healthy_frozen_layers_hide_what_lies_below() -> None:
    frozen = ParameterInfo("body.weight", (20, 3), requires_grad=False)
    assert not list(check(run(LAST, FIRST, parameters=[frozen])))


def test_healthy_near_miss_a_linear_task() -> None:
    trivial = 2.3
    assert not list(check(run(LAST, FIRST, end=trivial * (1 - REACHED_LIMIT) - 0.02)))
    assert list(check(run(LAST, FIRST, end=trivial * (1 - REACHED_LIMIT) + 0.05)))


def test_healthy_look_alike_underfitting_with_activations() -> None:
    assert not list(check(run(LAST, op("tanh"), FIRST, end=2.2)))


def test_healthy_too_short_to_judge() -> None:
    assert not list(check(run(LAST, FIRST, steps_run=10)))


LIFT, POINT = layer("lift", 2, 48), layer("point", 48, 48)
BENDING = (layer("out", 48, 10), op("relu"), layer("squeeze", 48, 48), op("layer_norm"), op("Mean"))


def test_sick_linear_part_at_the_input() -> None:
    (finding,) = check(run(*BENDING, POINT, LIFT, end=2.2))
    assert finding.where == ("lift", "point") and finding.threshold == PART_REACHED


def test_healthy_linear_part_of_a_run_that_learns() -> None:
    assert not list(check(run(*BENDING, POINT, LIFT, end=2.3 * (1 - PART_REACHED) - 0.05)))
    assert list(check(run(*BENDING, POINT, LIFT, end=2.3 * (1 - PART_REACHED) + 0.05)))


def test_healthy_factors_at_the_input() -> None:
    assert not list(check(run(*BENDING, layer("up", 16, 48), layer("down", 300, 16), end=2.2)))


def test_healthy_two_layers_deep_within() -> None:
    """A projection behind an attention and the layer after it; three would be told."""
    inner = (layer("out", 48, 10), op("relu"), POINT, layer("proj", 32, 48), op("relu"), layer("in", 8, 32))
    assert not list(check(run(*inner, end=2.2)))
    three = (*inner[:2], layer("more", 48, 48), *inner[2:])
    assert list(check(run(*three, end=2.2)))


def test_sick_linear_throughout_and_not_finite() -> None:
    trace = run(LAST, MIDDLE, FIRST)
    broken = build(loss=lambda steps: np.where(steps < 200, 2.3, np.nan)).series
    (finding,) = check(replace(trace, series=broken))
    assert finding.where == ("fc1", "fc2", "fc3")


def branch(*beyond: dict[str, Any], deep: int) -> dict[str, Any]:
    return {"operation": "branch", "beyond": list(beyond), "deep": deep}


def test_sick_residual_sums_bend_nothing() -> None:
    behind = branch(MIDDLE, op("batch_norm", "bn"), FIRST, deep=2)
    (finding,) = check(run(LAST, op("Mean"), op("Add"), last=behind))
    assert finding.where == ("fc1", "fc2", "fc3")


def test_healthy_something_behind_the_sum_bends() -> None:
    assert not list(check(run(LAST, op("Add"), last=branch(MIDDLE, op("relu"), FIRST, deep=2))))
    gated = branch(MIDDLE, op("Mul", "gate"), FIRST, deep=2)
    assert not list(check(run(LAST, op("Add"), last=gated)))


def test_healthy_layers_side_by_side_are_not_behind_each_other() -> None:
    beside = branch(layer("wide", 40, 10), layer("deep", 20, 10), deep=1)
    assert not list(check(run(op("Add"), last=beside)))


def test_healthy_a_branch_of_which_nothing_is_told() -> None:
    assert not list(check(run(LAST, op("Add"), last={"operation": "branch"})))
