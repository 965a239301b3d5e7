"""Runs whose loss is smooth, noisy, or thrown up by single batches."""

import numpy as np

from gradwise.rules.loss_spike import check
from tests.cases.build import before_and_after, build, decay, fact, noisy


def spiked(at=(120, 200, 310), height=60.0, base=None, harm=2.0):
    """Spikes, after each of which the loss is ``harm`` times as high for 30 steps."""
    smooth = base or noisy(decay(1.0, 0.05), 0.2)

    def loss(s):
        behind = np.any([(s > i) & (s <= i + 30) for i in at], axis=0)
        return np.where(np.isin(s, at), height, smooth(s) * np.where(behind, harm, 1.0))

    return loss


def test_sick_three_broken_batches():
    (finding,) = check(build(loss=spiked()))
    assert "3 spikes" in finding.message
    assert "at steps 120, 200, 310" in finding.message
    assert finding.since_step == 120
    assert "skip-batch" in finding.cures


def test_sick_each_followed_by_a_short_recovery():
    at = [120, 121, 122, 250, 251, 252]
    (finding,) = check(build(loss=spiked(at, base=noisy(decay(1.0, 0.6), 0.2))))
    assert "2 spikes" in finding.message


def test_healthy_smooth():
    assert not list(check(build(loss=decay(2.3, 0.05))))


def test_healthy_noisy_batches():
    assert not list(check(build(steps=1000, loss=noisy(decay(2.3, 0.4), 0.7))))


def test_healthy_spikes_that_do_no_harm():
    assert not list(check(build(loss=spiked(harm=1.0))))


def test_healthy_spikes_met_by_clipping():
    clip = fact(
        "clip", step=399, function="clip_grad_norm_", max_norm=1.0, calls=400, wasted=0, first_late=-1
    )
    assert not list(check(build(loss=spiked(), facts=[clip])))
    late = fact(
        "clip", step=399, function="clip_grad_norm_", max_norm=1.0, calls=400, wasted=399, first_late=1
    )
    assert list(check(build(loss=spiked(), facts=[late])))


def reached(loss, criterion):
    return build(loss=loss, tables={"criterion": {"mse_loss": criterion}, "trivial": {"mse_loss": 1.0}})


def test_healthy_spikes_below_what_guessing_costs():
    base = noisy(0.01, 0.1)
    assert not list(check(reached(spiked(height=0.6, base=base), 0.7)))
    assert list(check(reached(spiked(height=1.2, base=base), 0.7)))


def test_healthy_learns_all_the_same():
    assert not list(check(reached(spiked(), 0.4)))
    assert list(check(reached(spiked(), 0.6)))


def test_healthy_one_spike():
    assert not list(check(build(loss=spiked((200,)))))


def test_healthy_spikes_far_below_the_start():
    """A loss near zero that jumps to a hundred times nearly nothing."""
    assert not list(check(build(loss=spiked(height=0.5, base=decay(1.0, 0.001)))))


def test_healthy_curriculum_that_gets_harder():
    assert not list(check(build(loss=before_and_after(200, 0.05, 5.0))))


def test_healthy_policy_gradient():
    base = noisy(decay(1.0, 0.05), 0.2)
    assert not list(check(build(loss=lambda s: spiked()(s) * np.where(s % 7 == 0, -1, 1) + 0 * base(s))))


def test_healthy_gan():
    two = [fact("optimizer", "Adam"), fact("optimizer", "Adam")]
    assert not list(check(build(loss=spiked(), facts=two)))


def test_healthy_near_miss_not_ten_times_the_level():
    flat = noisy(0.5, 0.0)
    assert list(check(build(loss=spiked(height=5.01, base=flat))))
    assert not list(check(build(loss=spiked(height=4.99, base=flat))))


def test_healthy_look_alike_divergence():
    assert not list(check(build(loss=decay(1.0, 1e5, 60))))


def test_healthy_nothing_finite_to_judge() -> None:
    assert not list(check(build(loss=float("nan"))))
