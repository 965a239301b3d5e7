"""Cases of noisy-gradient: tiny batches that disagree, in a run that stalls."""

from __future__ import annotations

import numpy as np

from gradwise.rules.noisy_gradient import BATCH_LIMIT, COSINE_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import Values, build, decay, fact, learning, noisy


def run(cosine: Values = 0.01, *, batch: float = 1, loss: Values | None = None, end: float = 2.2, accumulates: bool = False) -> Trace:  # fmt: skip
    """Batches of that size and gradients of that cosine; trivial loss 2.3."""
    tables = {"grad_agreement": {"SGD#1": cosine}, "batch_size": {"net": batch}, **learning(end=end)}
    facts = [fact("accumulation", backwards_per_step=8)] if accumulates else []
    return build(loss=noisy(2.2, 0.3) if loss is None else loss, tables=tables, facts=facts)


def test_sick_single_samples_that_disagree() -> None:
    (finding,) = check(run())
    assert finding.cures[0] == "larger-batch"


def test_sick_small_batches_with_uneven_cosines() -> None:
    assert list(check(run(lambda steps: 0.02 * np.sin(steps), batch=4)))


def test_healthy_near_miss_just_above_the_limits() -> None:
    assert not list(check(run(1.02 * COSINE_LIMIT)))
    assert not list(check(run(batch=BATCH_LIMIT + 1)))


def test_healthy_noisy_but_falling() -> None:
    assert not list(check(run(loss=noisy(decay(2.3, 1.0, 300.0), 0.1))))


def test_healthy_converged_net_with_small_batches() -> None:
    assert not list(check(run(loss=noisy(0.1, 0.3), end=0.1)))


def test_healthy_look_alike_steps_that_overshoot() -> None:
    assert not list(check(run(-0.6, batch=2)))


def test_sick_single_samples_that_undo_each_other() -> None:
    assert list(check(run(-0.6)))
    assert list(check(run(-0.6, loss=noisy(decay(2.4, 2.35, 300.0), 0.4))))


def test_healthy_accumulation() -> None:
    assert not list(check(run(accumulates=True)))


def test_healthy_a_loss_of_which_no_slope_is_known() -> None:
    steps = np.arange(400)
    gone = np.where((steps < 200) | (steps > 390), 2.2, np.nan)
    assert not list(check(run(loss=gone)))


def test_healthy_policy_gradient() -> None:
    assert not list(check(run(loss=lambda steps: np.cos(steps * 5.0))))
