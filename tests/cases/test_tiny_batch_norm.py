"""Batch-norm on two, four and many values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradwise.rules.tiny_batch_norm import HANDFUL, REFUSED, check
from gradwise.trace.model import Trace
from tests.cases.build import Values, build, fact, learning, sampled


def run(values: Values, *, end: float = 1.5, **more: Any) -> Trace:
    """A run in which one batch-norm sees that many values per channel; trivial loss 2.3."""
    tables: dict[str, Any] = {"norm_values": {"bn1": values}, **learning(end=end)}
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables, **more)


def test_sick_two_values() -> None:
    (finding,) = check(run(2.0))
    assert finding.where == ("bn1",)
    assert finding.cures == ("group-norm", "larger-batch")


def test_sick_four_values_and_little_learnt() -> None:
    assert list(check(run(4.0)))


def test_sick_last_batch_of_one_ends_the_run() -> None:
    trace = run(16.0, status="failed")
    error = f"ValueError: {REFUSED}, got input size torch.Size([1, 8])"
    (finding,) = check(replace(trace, run=replace(trace.run, error=error)))
    assert finding.cures[0] == "larger-batch"
    assert finding.since_step == 399


def test_healthy_usual_batch() -> None:
    assert not list(check(run(32.0)))


def test_healthy_one_image_has_many_positions() -> None:
    assert not list(check(run(784.0)))


def test_healthy_near_miss_just_above_the_limit() -> None:
    assert not list(check(run(HANDFUL + 1)))
    assert list(check(run(HANDFUL)))


def test_healthy_four_values_that_do_no_harm() -> None:
    assert not list(check(run(4.0, end=0.8)))


def test_healthy_two_values_that_do_no_harm() -> None:
    assert not list(check(run(2.0, end=0.1)))


def test_healthy_a_small_last_batch_now_and_then() -> None:
    rows = len(sampled(400))
    values = np.where(np.arange(rows) % 5 == 4, 2.0, 32.0)
    assert not list(check(run(values)))


def test_healthy_look_alike_small_batches_without_batch_norm() -> None:
    tables = learning(end=1.5)
    tables["batch_size"] = {"net": 2.0}
    assert not list(check(build(tables=tables, loss=tables["criterion"]["cross_entropy"])))


def test_healthy_adversarial_training() -> None:
    from tests.cases.build import fact

    tables: dict[str, Any] = {"norm_values": {"bn1": 2.0}}
    facts = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    assert not list(check(build(loss=1.0, tables=tables, facts=facts)))


def bags(rows: int) -> Trace:
    """Three values a channel, little learnt, and every answer looked at was right by luck."""
    tables: dict[str, Any] = {
        "norm_values": {"bn1": 3.0},
        "accuracy": {"cross_entropy": 1.0},
        "majority": {"cross_entropy": 0.5},
        **learning(end=2.0),
    }
    call = fact("loss-call", "cross_entropy", function="cross_entropy", target_shape=[rows])
    return build(loss=tables["criterion"]["cross_entropy"], tables=tables, facts=[call])


def test_sick_answers_of_batches_of_one_are_too_few_to_tell() -> None:
    assert list(check(bags(1)))
    assert not list(check(bags(64)))
