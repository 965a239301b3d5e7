"""Cases of tiny-batches: only where the probe measured it, in a run that takes long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradwise.rules.tiny_batches import GAIN_LIMIT, RUN_SECONDS, check
from gradwise.trace.model import Fact, Trace
from tests.cases.build import build, fact


def answer(
    verdict: str = "larger", status: str = "answered", probe: str = "batch-size", **measured: Any
) -> Fact:
    told = {"gain": 6.0, "samples": 4, "best": 32} | measured
    return fact("probe", probe, status=status, verdict=verdict, measured=told)


def run(*facts: Fact, seconds: float = 600.0) -> Trace:
    trace = build(facts=facts)
    return replace(trace, run=replace(trace.run, seconds=seconds))


def test_sick_measured_in_a_long_run() -> None:
    (finding,) = check(run(answer()))
    assert finding.cures == ("larger-batch",)
    assert finding.group == "slow"
    assert finding.value == 6.0


def test_sick_just_over_the_limit_in_a_run_of_a_minute() -> None:
    assert list(check(run(answer(gain=GAIN_LIMIT), seconds=RUN_SECONDS)))


def test_sick_the_latest_answer_counts() -> None:
    assert list(check(run(answer("fits", gain=1.0), answer())))
    assert not list(check(run(answer(), answer(gain=1.0))))


def test_healthy_no_probe_ran() -> None:
    assert not list(check(run()))


def test_healthy_near_miss_just_under_the_limit() -> None:
    assert not list(check(run(answer(gain=GAIN_LIMIT - 0.01))))


def test_healthy_short_run() -> None:
    assert not list(check(run(answer(), seconds=RUN_SECONDS - 1)))


def test_healthy_the_probe_says_no() -> None:
    assert not list(check(run(answer("fits"))))


def test_healthy_the_probe_abstained() -> None:
    assert not list(check(run(answer("", "abstained"))))


def test_healthy_look_alike_another_probe() -> None:
    assert not list(check(run(answer(probe="precision"))))


def test_healthy_batches_are_large_though_larger_ones_are_faster() -> None:
    assert not list(check(run(answer(samples=33))))
    assert list(check(run(answer(samples=32))))
