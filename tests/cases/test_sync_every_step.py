"""Cases of sync-every-step: numbers read from an accelerator in nearly every short step."""

from __future__ import annotations

from gradwise.rules.sync_every_step import LONG_STEP, SHARE_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import Values, build


def run(calls: Values, step: float = 0.004, steps: int = 400) -> Trace:
    """Reads in each sampled step, and the length of a step."""
    tables = {"sync_calls": {"step": calls}}
    return build(steps=steps, series={"step_seconds": step}, tables=tables)


def test_sick_loss_and_accuracy_read_in_each_step() -> None:
    (finding,) = check(run(2.0))
    assert finding.cures == ("log-less-often",)
    assert finding.group == "trial"


def test_sick_one_read_in_nearly_each_step() -> None:
    assert list(check(run(lambda steps: (steps % 50 != 0).astype(float))))


def test_healthy_read_every_hundred_steps() -> None:
    assert not list(check(run(lambda steps: (steps % 100 == 0).astype(float))))


def test_healthy_near_miss_just_under_the_share() -> None:
    rows = tuple(range(101))
    tables = {"sync_calls": {"step": [1.0] * 90 + [0.0] * 11}}
    under = build(sampled_steps=rows, series={"step_seconds": 0.004}, tables=tables)
    assert not list(check(under))
    assert SHARE_LIMIT > 89 / 100


def test_healthy_near_miss_long_steps() -> None:
    assert not list(check(run(2.0, LONG_STEP * 1.01)))
    assert list(check(run(2.0, LONG_STEP * 0.99)))


def test_healthy_look_alike_on_the_cpu() -> None:
    # Nothing is counted there: reading costs nothing.
    assert not list(check(build(series={"step_seconds": 0.004})))


def test_healthy_never_read() -> None:
    assert not list(check(run(0.0)))


def test_healthy_too_few_samples() -> None:
    assert not list(check(run(2.0, steps=6)))
