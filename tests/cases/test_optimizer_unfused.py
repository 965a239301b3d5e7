"""Cases of optimizer-unfused: a large part of each step, for long, with a fused form at hand."""

from __future__ import annotations

from typing import Any

from gradwise.rules.optimizer_unfused import MIN_TOTAL, SHARE_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import build, fact


def run(
    optimizer: float, *, step: float = 0.1, steps: int = 4000, fused: str = "possible", **more: Any
) -> Trace:
    """Seconds of the optimizer in steps of a tenth of a second."""
    facts = [fact("optimizer", "Adam", **{"class": "Adam", "fused": fused})]
    return build(
        steps=steps,
        series={"step_seconds": step},
        tables={"optimizer_seconds": {"step": optimizer}},
        facts=facts,
        **more,
    )


def test_sick_a_third_of_the_step() -> None:
    (finding,) = check(run(0.033))
    assert finding.where == ("Adam",)
    assert finding.cures == ("fused-optimizer",)


def test_sick_most_of_a_tiny_net_for_long() -> None:
    assert list(check(run(0.0004, step=0.001, steps=100_000)))


def test_healthy_small_part() -> None:
    assert not list(check(run(0.01)))


def test_healthy_near_miss_just_under_the_share() -> None:
    assert not list(check(run(0.1 * (SHARE_LIMIT - 0.005))))
    assert list(check(run(0.1 * (SHARE_LIMIT + 0.005))))


def test_healthy_near_miss_short_run() -> None:
    steps = int(MIN_TOTAL / 0.033)
    assert not list(check(run(0.033, steps=steps - 5)))
    assert list(check(run(0.033, steps=steps + 5)))


def test_healthy_fused_already() -> None:
    assert not list(check(run(0.033, fused="used")))


def test_healthy_look_alike_no_fused_form() -> None:
    assert not list(check(run(0.033, fused="none")))


def test_healthy_too_few_samples() -> None:
    assert not list(check(run(0.033, steps=4, step=30.0)))
