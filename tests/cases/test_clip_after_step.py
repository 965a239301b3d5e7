"""Runs that clip before the step, or when it no longer matters."""

from gradwise.rules.clip_after_step import check
from tests.cases.build import build, decay, fact


def clip(calls=400, wasted=400, first_late=0, function="clip_grad_norm_"):
    return fact(
        "clip",
        function,
        399,
        function=function,
        max_norm=1.0,
        calls=calls,
        wasted=wasted,
        first_late=first_late,
    )


def test_sick_after_every_step():
    (finding,) = check(build(loss=decay(2.0, 9.0), facts=[clip(400, 399)]))
    assert finding.where == ("clip_grad_norm_",)
    assert "was called 400 times; 100% of the calls" in finding.message
    assert finding.cures == ("move-clip",)


def test_sick_by_value_before_the_backward():
    (finding,) = check(build(facts=[clip(60, 60, 1, "clip_grad_value_")]))
    assert finding.where == ("clip_grad_value_",)
    assert finding.since_step == 1


def test_healthy_between_backward_and_step():
    assert not list(check(build(facts=[clip(wasted=0, first_late=-1)])))


def test_healthy_no_clipping():
    assert not list(check(build(loss=decay(2.3, 0.1))))


def test_healthy_gradients_assigned_by_hand():
    """No backward is seen, yet the step uses what was clipped."""
    assert not list(check(build(facts=[clip(wasted=0, first_late=0)])))


def test_healthy_clipped_again_for_a_log_now_and_then():
    assert not list(check(build(facts=[clip(440, 40, first_late=9)])))


def test_healthy_near_miss_a_handful_of_calls():
    assert list(check(build(steps=5, sampled_steps=range(5), facts=[clip(5, 4)])))
    assert not list(check(build(steps=4, sampled_steps=range(4), facts=[clip(4, 4)])))


def test_healthy_near_miss_of_the_share():
    assert list(check(build(facts=[clip(400, 359)])))
    assert not list(check(build(facts=[clip(400, 358)])))


def test_healthy_look_alike_gradients_explode_in_spite_of_clipping():
    tables = {"grad_norm": {"fc.weight": decay(1.0, 1e6, 30)}}
    assert not list(check(build(loss=decay(2.0, 500.0, 30), tables=tables, facts=[clip(wasted=0)])))
