"""Cases of dataloader-bound: the model stands still while batches are made, for seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwise.rules.dataloader_bound import MIN_TOTAL, SHARE_LIMIT, check
from gradwise.trace.model import Floats, Ints, Trace
from tests.cases.build import Values, build, fact


def run(step: Values, data: Values, steps: int = 1000, **more: Any) -> Trace:
    """Seconds of a step and of the wait in it."""
    return build(steps=steps, series={"step_seconds": step, "data_seconds": data}, **more)


def test_sick_decoding_in_the_loop() -> None:
    facts = [fact("sampler", sampler="RandomSampler", batch_size=64, samples=6400, batches=100)]
    (finding,) = check(run(0.02, 0.015, facts=facts))
    assert "75%" in finding.message
    assert "batches of 64" in finding.message
    assert finding.group == "slow"


def test_sick_workers_that_cannot_keep_up() -> None:
    def bursts(steps: Ints) -> Floats:
        return np.where(steps % 4 == 0, 0.04, 0.002)

    assert list(check(run(lambda steps: 0.005 + bursts(steps), bursts)))


def test_healthy_batches_are_ready() -> None:
    assert not list(check(run(0.02, 0.0002)))


def test_healthy_near_miss_just_under_the_share() -> None:
    assert not list(check(run(0.02, 0.02 * (SHARE_LIMIT - 0.01))))
    assert list(check(run(0.02, 0.02 * (SHARE_LIMIT + 0.01))))


def test_healthy_near_miss_just_under_the_total() -> None:
    assert not list(check(run(0.004, 0.99 * MIN_TOTAL / 1000)))
    assert list(check(run(0.004, 1.01 * MIN_TOTAL / 1000)))


def test_healthy_look_alike_small_net_on_small_data() -> None:
    # The loader's Python is half of a step that takes no time.
    assert not list(check(run(0.0004, 0.0002, steps=100_000)))


def test_healthy_one_slow_start_of_the_workers() -> None:
    assert not list(
        check(run(lambda s: np.where(s == 0, 9.0, 0.02), lambda s: np.where(s == 0, 8.9, 0.0001)))
    )


def test_healthy_waits_of_evaluations_are_no_step() -> None:
    def data(steps: Ints) -> Floats:
        return np.where(steps % 10 == 0, np.nan, 0.0001)

    assert not list(check(run(lambda s: np.where(s % 10 == 0, np.nan, 0.02), data)))


def test_healthy_no_loader_at_all() -> None:
    assert not list(check(build(steps=400, series={"step_seconds": 0.02})))


def test_healthy_too_short_to_judge() -> None:
    assert not list(check(run(2.0, 1.9, steps=10)))
