"""Cases of nan-gradient: not finite while the loss is, and it reached the weights."""

from __future__ import annotations

import numpy as np

from gradwise.rules.nan_gradient import MIN_SKIPPED, check
from gradwise.trace.model import Trace
from tests.cases.build import Values, build, decay, fact

STEPS = 200


def run(step: int = 60, *, breaks: bool = True, applied: bool | None = None, **data: object) -> Trace:
    """A gradient that is not finite at ``step``; ``breaks``: the loss of the next step on is not finite."""
    loss = decay(2.3, 0.3)(np.arange(STEPS))
    if breaks:
        loss[step + 1 :] = np.nan
    told = fact("nonfinite", step=step, what="gradient", bad_parameters=["fc1.weight", "fc2.weight"], first_module="fc2", applied=applied, **data)  # fmt: skip
    return build(steps=STEPS, loss=loss, facts=[told])


def scaled(skipped: int, steps: int = STEPS) -> Trace:
    """A GradScaler that skipped so many of its steps."""
    return build(
        steps=STEPS, loss=1.0, facts=[fact("scaler", step=5, scale=0.5, skipped=skipped, steps=steps)]
    )


def test_sick_square_root_at_zero() -> None:
    values = {"are": "results", "min": 0.0, "max": 3.0, "bad_share": 0.02}
    (finding,) = check(
        run(cause="slope of the square root at 0", place="in the loss, after fc2", values=values)
    )
    assert finding.since_step == 60 and finding.cures == ("stable-loss",)
    assert "slope of the square root at 0 in the loss, after fc2" in finding.message
    assert "2.0% of them to blame" in finding.message


def normed(weight: Values, *, sampled_steps: range = range(0, STEPS, 10)) -> Trace:
    """The loss stays finite after a bad gradient at step 60; the norm of a weight is told."""
    told = run(breaks=False)
    tables = {"weight_norm": {"fc1.weight": weight, "fc3.weight": 2.0}}
    return build(steps=STEPS, loss=1.0, facts=told.facts, tables=tables, sampled_steps=sampled_steps)


def test_sick_weights_ruined_behind_a_finite_loss() -> None:
    """The loss takes zero where the output is not above it, and NaN never is."""
    (finding,) = check(normed(lambda steps: np.where(steps <= 60, 2.0, np.nan)))
    assert finding.since_step == 60


def test_healthy_weights_that_stay_finite() -> None:
    assert not list(check(normed(2.0)))
    assert not list(check(normed(lambda steps: np.where(steps == 70, np.nan, 2.0))))


def test_healthy_near_miss_looked_at_once_only() -> None:
    broken = lambda steps: np.where(steps <= 60, 2.0, np.nan)  # noqa: E731
    assert not list(check(normed(broken, sampled_steps=range(0, 80, 10))))
    assert list(check(normed(broken, sampled_steps=range(0, 90, 10))))


def test_healthy_weight_that_was_never_measured() -> None:
    assert not list(check(normed(np.nan)))


def test_sick_overflow_without_a_named_operation() -> None:
    (finding,) = check(run())
    assert finding.where == ("fc2",) and finding.cures[0] == "clip-gradient"


def test_sick_in_the_very_last_step() -> None:
    assert list(check(run(STEPS - 1, applied=True)))


def test_sick_scaler_that_finds_no_scale() -> None:
    (finding,) = check(scaled(120))
    assert "120 of 200" in finding.message


def test_healthy_step_skipped_by_hand() -> None:
    assert not list(check(run(breaks=False)))
    assert not list(check(run(breaks=False, applied=True)))  # nan_to_num, or a hook


def test_healthy_scaler_that_finds_its_scale() -> None:
    assert not list(check(scaled(5)))


def test_healthy_near_miss_few_skips_of_a_short_run() -> None:
    assert not list(check(scaled(MIN_SKIPPED - 1, 12)))
    assert list(check(scaled(MIN_SKIPPED, 12)))


def test_healthy_look_alike_loss_broke_first() -> None:
    told = fact("nonfinite", step=60, what="loss", bad_parameters=[])
    loss = decay(2.3, 0.3)(np.arange(STEPS))
    loss[60:] = np.nan
    assert not list(check(build(steps=STEPS, loss=loss, facts=[told])))


def test_healthy_finite_run() -> None:
    assert not list(check(build(steps=STEPS, loss=decay(2.3, 0.3))))
