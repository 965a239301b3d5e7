"""Labels that the loss does not expect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradwise.rules.label_out_of_range import OUTSIDE_LIMIT, check
from gradwise.trace.model import Fact, Trace
from tests.cases.build import Values, build, fact

BCE = "binary_cross_entropy_with_logits"


def call(function: str = BCE, **more: Any) -> Fact:
    return fact("loss-call", function, **({"function": function, "reduced": True} | more))


def run(low: Values, high: Values, *facts: Fact, whole: float = 1.0, **more: Any) -> Trace:
    told = facts or (call(),)
    place = told[0].where
    tables: dict[str, Any] = {
        "target_min": {place: low},
        "target_max": {place: high},
        "target_whole_share": {place: whole},
        "target_std": {place: 0.5},
    }
    return build(loss=1.0, tables=tables, facts=told, **more)


def failed(error: str, steps: int = 400) -> Trace:
    trace = build(loss=1.0, status="failed", steps=steps)
    return replace(trace, run=replace(trace.run, error=error))


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (1.0, 2.0), (0.0, 255.0), (-2.3, 3.1)])
def test_sick_outside_yes_and_no(low: float, high: float) -> None:
    (finding,) = check(run(low, high))
    assert finding.where == (BCE,)
    assert finding.cures == ("fix-labels",)


def test_sick_margin_loss_with_zero_and_one() -> None:
    (finding,) = check(run(0.0, 1.0, call("soft_margin_loss")))
    assert "-1 and 1" in finding.message


def test_sick_class_id_that_is_none() -> None:
    (finding,) = check(failed("IndexError: Target 7 is out of bounds."))
    assert "Target 7" in finding.message


def test_healthy_shares() -> None:
    assert not list(check(run(0.0, 1.0)))
    assert not list(check(run(0.1, 0.9, whole=0.0)))


def test_healthy_near_miss_noisy_labels_of_a_gan() -> None:
    assert not list(check(run(0.7, 1 + OUTSIDE_LIMIT - 0.01, whole=0.0)))
    assert list(check(run(0.0, 1 + OUTSIDE_LIMIT + 0.01, whole=0.0)))


def test_healthy_masked_labels() -> None:
    """Missing ones are -1; the losses of every entry are masked by the script."""
    assert not list(check(run(-1.0, 1.0, call(reduced=False))))
    assert not list(check(run(-1.0, 1.0, call(weighted=True))))


def test_healthy_signs_for_the_margin_loss() -> None:
    assert not list(check(run(-1.0, 1.0, call("soft_margin_loss"))))


def test_healthy_look_alike_numbers_for_a_distance() -> None:
    assert not list(check(run(-5.0, 300.0, call("mse_loss"))))


def test_healthy_another_error_ends_the_run() -> None:
    assert not list(check(failed("IndexError: index 7 is out of bounds for dimension 0 with size 7")))


def test_healthy_two_losses_under_one_name() -> None:
    assert not list(check(run(-1.0, 1.0, call(classes=None), call(classes=3))))


def test_healthy_adversarial_labels_beyond_one() -> None:
    opposing = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    trace = run(-1.0, 1.0, call(), *opposing)
    tables = {
        **trace.tables,
        "target_std": replace(trace.tables["target_std"], values=trace.tables["target_std"].values * 0),
    }
    tables["criterion"] = replace(tables["target_std"], values=tables["target_std"].values + 1)
    assert not list(check(replace(trace, tables=tables)))


def test_sick_the_first_batch_already() -> None:
    (finding,) = check(failed("IndexError: Target 7 is out of bounds.", steps=0))
    assert finding.since_step == 0
