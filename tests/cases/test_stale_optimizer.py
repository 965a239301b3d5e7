"""Runs whose optimizer holds what runs, or what no longer does."""

from gradwise.rules.stale_optimizer import check
from tests.cases.build import build, decay, fact


def stale(step=0, count=6, trained=0, running=("Linear #1 (32 x 30, unregistered).weight",)):
    names = [f"Adam.groups[0][{i}]" for i in range(count)]
    return fact(
        "stale-optimizer", step=step, parameters=names, count=count, trained=trained, running=list(running)
    )


GONE = fact("stale-optimizer", step=200, parameters=[], count=0, trained=4, running=[])


def test_sick_model_rebuilt_after_the_optimizer():
    (finding,) = check(build(loss=0.69, facts=[stale()]))
    assert finding.value == 6
    assert "6 tensors that no training pass uses" in finding.message
    assert "nothing else that it holds is trained" in finding.message
    assert finding.strength == 1.0


def test_sick_head_replaced_after_the_optimizer():
    running = ("fc.weight", "fc.bias")
    (finding,) = check(build(loss=decay(2.3, 1.0), facts=[stale(count=2, trained=18, running=running)]))
    assert finding.where == running
    assert "18 others are trained" in finding.message
    assert finding.cures == ("rebuild-optimizer",)


def test_healthy_all_that_is_held_runs():
    assert not list(check(build(loss=decay(2.3, 0.1))))


def test_healthy_head_added_to_the_optimizer_later():
    assert not list(check(build(steps=400, facts=[stale(count=2, trained=18), GONE])))


def test_healthy_near_miss_seen_at_the_very_end():
    assert list(check(build(steps=400, facts=[stale(380)])))
    assert not list(check(build(steps=400, facts=[stale(381)])))


def test_healthy_run_of_two_steps():
    assert not list(check(build(steps=2, facts=[stale()])))


def test_healthy_look_alike_parameters_that_no_optimizer_was_given():
    """Left out from the start: the optimizer holds nothing stale, and another rule tells it."""
    unowned = fact("unowned", parameters=["body.weight"], modules=["body"], loaded=False, owned=2)
    assert not list(check(build(loss=2.0, facts=[unowned])))
