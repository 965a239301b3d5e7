"""Regressions on raw and on scaled targets, that learn and that do not."""

import numpy as np
import pytest

from gradwise.rules.unnormalized_target import HUGE_SCALE, LEARNT, SCALE_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import before_and_after, build, decay, fact, learning

PLACE = "mse_loss"


def run(mean=0.0, std=1.0, *, end=0.9, first=0.2, place=PLACE, loss=None, **more) -> Trace:
    """``end`` is the share of the trivial loss (the targets' variance) that is left."""
    trivial = std**2
    tables = {
        "target_mean": {place: mean}, "target_std": {place: std},
        "output_mean": {place: 0.0}, "output_std": {place: before_and_after(1, first, std)},
        **learning(place, trivial=trivial, end=end * trivial, start=mean**2 + trivial),
    }  # fmt: skip
    curve = decay(mean**2 + trivial, end * trivial) if loss is None else loss
    return build(loss=curve, tables=tables, **more)


def test_sick_rents_of_a_thousand_euro() -> None:
    (finding,) = check(run(mean=1000.0, std=300.0))
    assert finding.value == pytest.approx(np.hypot(1000, 300))
    assert "1.04e+03" in finding.message and finding.cures == ("standardize-target",)


def test_sick_centred_but_wide() -> None:
    assert list(check(run(std=150.0)))


def test_sick_half_learnt_from_far_targets() -> None:
    assert list(check(run(mean=150.0, std=77.0, end=0.6)))


def test_healthy_standardised() -> None:
    assert not list(check(run()))


def test_healthy_near_miss_of_scale() -> None:
    assert not list(check(run(std=SCALE_LIMIT - 0.1)))
    assert list(check(run(std=SCALE_LIMIT + 0.1)))


def test_healthy_raw_targets_that_are_learnt() -> None:
    assert not list(check(run(mean=150.0, std=77.0, end=0.4)))


def test_healthy_output_starts_at_their_size() -> None:
    """The last layer's bias was set to the mean, or predictions are scaled inside."""
    assert not list(check(run(mean=150.0, std=77.0, first=150.0)))


def test_healthy_look_alike_bounded_output() -> None:
    bound = fact("loss-call", PLACE, function=PLACE, bounded_by="sigmoid")
    assert not list(check(run(mean=150.0, std=77.0, facts=[bound])))


def test_healthy_look_alike_broadcast() -> None:
    assert not list(check(run(mean=150.0, std=77.0, facts=[fact("broadcast", PLACE, share=1.0)])))


def test_healthy_look_alike_diverged() -> None:
    assert not list(check(run(mean=150.0, std=77.0, loss=before_and_after(50, 1e5, np.nan))))


def test_healthy_other_losses_have_other_scales() -> None:
    assert not list(check(run(mean=150.0, std=77.0, place="poisson_nll_loss")))


def test_healthy_run_too_short() -> None:
    assert not list(check(run(mean=150.0, std=77.0, steps=20)))


def test_sick_thousands_of_which_a_tenth_is_still_missing() -> None:
    learnt = 1 - LEARNT
    assert list(check(run(mean=2 * HUGE_SCALE, std=HUGE_SCALE, end=1.1 * learnt)))
    assert not list(check(run(mean=2 * HUGE_SCALE, std=HUGE_SCALE, end=0.5 * learnt)))
    assert not list(check(run(mean=0.4 * HUGE_SCALE, std=0.4 * HUGE_SCALE, end=1.1 * learnt)))
