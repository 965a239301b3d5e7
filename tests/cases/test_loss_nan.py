"""Cases of loss-nan: what broke first decides the cure."""

from __future__ import annotations

import numpy as np

from gradwise.rules.loss_nan import check
from tests.cases.build import build, decay, fact, noisy

STEPS = 200
FALLING = noisy(decay(2.3, 0.3), 0.1)(np.arange(STEPS))


def broken_from(step: int, value: float = np.nan) -> np.ndarray:
    loss = FALLING.copy()
    loss[step:] = value
    return loss


def test_sick_log_of_zero() -> None:
    operations = ["NegBackward0", "MeanBackward0", "LogBackward0", "SigmoidBackward0"]
    first = fact("nonfinite", step=120, what="loss", bad_parameters=[], operations=operations)
    (finding,) = check(build(steps=STEPS, loss=broken_from(120), facts=[first]))
    assert finding.since_step == 120
    assert finding.cures[0] == "stable-loss"
    assert "LogBackward0" in finding.message


def test_sick_operation_found_in_the_graph() -> None:
    told = {
        "cause": "division by 0",
        "place": "in norm",
        "first_module": "norm",
        "values": {"are": "inputs", "min": 0.0, "max": 2.5, "bad_share": 0.125},
        "batch": {"file": "nonfinite.safetensors"},
    }
    first = fact("nonfinite", step=120, what="loss", bad_parameters=[], operations=[], **told)
    gradient = fact("nonfinite", step=119, what="gradient", bad_parameters=["fc1.weight"])
    (finding,) = check(build(steps=STEPS, loss=broken_from(120), facts=[gradient, first]))
    assert finding.where == ("norm",) and finding.cures[0] == "stable-loss"
    assert "division by 0 in norm (inputs 0 to 2.5, 12.5% of them to blame)" in finding.message
    assert finding.message.endswith("the batch is kept in nonfinite.safetensors")


def test_sick_weights_broken_by_an_update() -> None:
    names = ["fc1.weight", "fc1.bias"]
    first = fact("nonfinite", step=60, what="weight", bad_parameters=names, first_module="fc1", operations=[])
    (finding,) = check(build(steps=STEPS, loss=broken_from(60), facts=[first]))
    assert finding.where[0] == "fc1.weight"
    assert finding.cures[0] == "lower-lr"


def test_sick_input_with_gaps() -> None:
    first = fact("nonfinite", step=3, what="loss", bad_parameters=[], input_nonfinite=True, operations=[])
    (finding,) = check(build(steps=STEPS, loss=broken_from(3), facts=[first]))
    assert finding.cures == ("drop-or-impute",)
    assert finding.group == "broken"


def test_sick_infinite_at_the_very_last_step_of_a_short_run() -> None:
    loss = broken_from(99, np.inf)[:100]
    (finding,) = check(build(steps=100, loss=loss))
    assert finding.value == 1


def test_healthy_finite_loss() -> None:
    assert not list(check(build(steps=STEPS, loss=FALLING)))


def test_healthy_near_miss_two_bad_steps_that_came_back() -> None:
    loss = np.full(STEPS, 2.3)
    loss[[40, 90]] = np.inf
    assert not list(check(build(steps=STEPS, loss=loss)))
    loss[130] = np.inf
    assert list(check(build(steps=STEPS, loss=loss)))  # the third is one too many


def test_healthy_first_steps_skipped_by_a_gradient_scaler() -> None:
    loss = FALLING.copy()
    loss[:5] = np.inf
    assert not list(check(build(steps=STEPS, loss=loss)))


def test_healthy_look_alike_gradient_only() -> None:
    first = fact("nonfinite", step=9, what="gradient", bad_parameters=[], operations=[])
    assert not list(check(build(steps=STEPS, loss=FALLING, facts=[first])))


def test_healthy_negative_and_huge_losses_are_finite() -> None:
    loss = -1e30 * np.arange(STEPS)
    assert not list(check(build(steps=STEPS, loss=loss)))


def test_healthy_run_without_a_step() -> None:
    assert not list(check(build(steps=0)))
