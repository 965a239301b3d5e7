"""Biases that a norm cancels, and biases that count."""

from __future__ import annotations

from gradwise.rules.bias_before_norm import check
from gradwise.trace.model import Fact, ParameterInfo, Trace
from tests.cases.build import build, fact


def parameters(name: str, *, bias: bool = True, trained: bool = True) -> list[ParameterInfo]:
    found = [ParameterInfo(f"{name}.weight", (16, 3, 3, 3), requires_grad=trained, module=name)]
    if bias:
        found.append(ParameterInfo(f"{name}.bias", (16,), requires_grad=trained, module=name))
    return found


def feeds(**norms: str) -> Fact:
    return fact("layers", dropout={}, norms=norms)


def run(*facts: Fact, known: list[ParameterInfo]) -> Trace:
    return build(facts=facts, parameters=known, loss=1.0)


def test_sick_bias_before_batch_norm() -> None:
    (finding,) = check(run(feeds(bn1="conv1"), known=parameters("conv1")))
    assert finding.where == ("conv1",)
    assert finding.group == "habit"
    assert finding.cures == ("drop-bias",)


def test_sick_several_are_told_once() -> None:
    known = parameters("conv1") + parameters("conv2")
    (finding,) = check(run(feeds(bn1="conv1", bn2="conv2"), known=known))
    assert finding.where == ("conv1", "conv2")
    assert "1 more" in finding.message


def test_healthy_without_a_bias() -> None:
    assert not list(check(run(feeds(bn1="conv1"), known=parameters("conv1", bias=False))))


def test_healthy_frozen_layer() -> None:
    assert not list(check(run(feeds(bn1="conv1"), known=parameters("conv1", trained=False))))


def test_healthy_near_miss_an_activation_lies_between() -> None:
    """Then the activation feeds the norm, and it has no bias."""
    assert not list(check(run(feeds(bn1="relu1"), known=parameters("conv1"))))


def test_healthy_look_alike_layer_norm() -> None:
    """Layer-norm cancels no bias; the watcher does not tell of it."""
    assert not list(check(run(feeds(), known=parameters("conv1"))))


def test_healthy_no_norm_at_all() -> None:
    assert not list(check(run(known=parameters("conv1"))))


def test_healthy_bias_that_nothing_trains() -> None:
    known = [*parameters("conv1", bias=False), ParameterInfo("conv1.bias", (16,), in_optimizer=False)]
    assert not list(check(run(feeds(bn1="conv1"), known=known)))
