"""Classifiers that start sure and wrong, and those that start with an even guess."""

from __future__ import annotations

import math
from typing import Any

from gradwise.rules.initial_loss_off import ABOVE_EVEN, LOST_SHARE, TIMES_EVEN, check
from gradwise.trace.model import Fact, Trace
from tests.cases.build import Values, build, decay, fact, learning

CLASSES = 10
EVEN = math.log(CLASSES)
LIMIT = max(TIMES_EVEN * EVEN, EVEN + ABOVE_EVEN)


def call(operation: str = "linear", **more: Any) -> Fact:
    data = {
        "function": "cross_entropy",
        "classes": CLASSES,
        "reduced": True,
        "lineage": [{"operation": operation, "module": "head"}, {"operation": "input"}],
    }
    return fact("loss-call", "cross_entropy", **(data | more))


def run(values: Values, *facts: Fact, **more: Any) -> Trace:
    tables = {"criterion": {"cross_entropy": values}}
    return build(loss=values, tables=tables, facts=facts or [call()], **more)


def test_sick_slow_way_down() -> None:
    (finding,) = check(run(decay(40.0, 0.3, 60)))
    assert finding.where == ("head",)
    assert finding.cures[0] == "init-head"
    assert "even guess among 10 classes has 2.3" in finding.message


def by_hand(end: float, operation: str = "Add") -> Trace:
    """Scores that are a product and a bias, and a loss that ends at ``end``."""
    lineage = [{"operation": operation, "module": ""}, {"operation": "linear", "module": ""}]
    tables = {**learning(end=end), "criterion": {"cross_entropy": decay(40.0, end, 60)}}
    return build(loss=decay(40.0, end, 60), tables=tables, facts=[call(lineage=lineage)])


def test_sick_a_product_and_its_bias_by_hand() -> None:
    assert list(check(by_hand(2.1)))


def test_healthy_tied_embeddings_and_a_bias_that_learn() -> None:
    assert not list(check(by_hand(0.1)))


def test_healthy_scaled_by_hand() -> None:
    assert not list(check(by_hand(2.1, "Mul")))


def test_sick_never_gets_there() -> None:
    assert list(check(run(decay(60.0, 5.0, 100))))


def test_healthy_starts_even() -> None:
    assert not list(check(run(decay(EVEN, 0.1))))


def test_healthy_soon_forgotten() -> None:
    """Tied embeddings start loud and quiet down within a few steps."""
    assert not list(check(run(decay(40.0, 0.3, 2))))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(decay(LIMIT - 0.1, 0.3, 200))))
    assert list(check(run(decay(LIMIT + 0.1, 0.3, 200))))


def test_healthy_near_miss_just_quick_enough() -> None:
    steps = 400
    fast = decay(12.0, 0.0, LOST_SHARE * steps / math.log2(12.0 / EVEN) * 0.8)
    assert not list(check(run(fast, steps=steps)))


def test_healthy_scaled_cosines_start_high_on_purpose() -> None:
    assert not list(check(run(decay(40.0, 0.3, 60), call("Mul"))))


def test_healthy_losses_of_every_sample() -> None:
    assert not list(check(run(decay(40.0, 0.3, 60), call(reduced=False))))


def test_healthy_several_labels_cost_more_than_one() -> None:
    assert not list(check(run(decay(40.0, 0.3, 60), call(target_dtype="float32"))))
    assert list(check(run(decay(40.0, 0.3, 60), call(target_dtype="int64"))))


def test_healthy_start_was_not_sampled() -> None:
    assert not list(check(run(decay(40.0, 0.3, 60), sampled_steps=range(5, 300))))


def test_healthy_look_alike_diverging_from_an_even_start() -> None:
    assert not list(check(run(decay(EVEN, 40.0))))


def test_healthy_look_alike_large_squared_error() -> None:
    tables = {"criterion": {"mse_loss": decay(400.0, 3.0, 80)}}
    mse = fact("loss-call", "mse_loss", function="mse_loss", reduced=True)
    assert not list(check(build(tables=tables, facts=[mse])))


def prior(**changes: Any) -> Trace:
    """One score for each pixel, whose bias is the log-odds with the wrong sign."""
    place = "binary_cross_entropy_with_logits"
    lineage = [{"operation": "conv", "module": "score"}]
    told = fact("loss-call", place, **{"function": place, "lineage": lineage, "reduced": True, **changes})
    values = decay(4.7, 0.05, 60)
    return build(loss=values, tables={"criterion": {place: values}}, facts=[told])


def test_sick_prior_of_the_wrong_sign() -> None:
    (finding,) = check(prior())
    assert finding.where == ("score",)
    assert "2 classes has 0.69" in finding.message


def test_healthy_yes_and_no_weighed_or_scaled() -> None:
    assert not list(check(prior(class_weights=[1.0, 30.0])))
    assert not list(check(prior(lineage=[{"operation": "Mul", "module": ""}])))
    assert not list(check(prior(reduced=False)))
