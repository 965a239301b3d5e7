"""Runs whose gradients are applied, or never."""

from gradwise.rules.optimizer_never_steps import check
from tests.cases.build import build, decay, fact, noisy


def never(**changes):
    data = {"cause": "no-step", "optimizers": ["Adam"], "backwards": 440, "training": 440}
    return fact("unstepped", **{**data, **changes})


def idle(step=0, names=("Decoder.net.weight", "Decoder.net.bias"), **changes):
    data = {"cause": "idle", "optimizers": ["Adam"], "parameters": list(names), "count": len(names)}
    return fact("unstepped", step=step, **{**data, **changes})


CLEARED = fact("unstepped", step=2, cause="cleared", samples=3)


def test_sick_nothing_ever_stepped():
    (finding,) = check(build(steps=0, sampled_steps=(), facts=[never()]))
    assert finding.value == 440
    assert finding.where == ("Adam",)
    assert "backward() ran 440 times and Adam never stepped" in finding.message
    assert finding.cures == ("call-step",)


def test_sick_cleared_between_backward_and_step():
    (finding,) = check(build(tables={"update_norm": {"fc.weight": 0.0}}, facts=[CLEARED]))
    assert "every gradient was gone" in finding.message
    assert finding.since_step == 2


def test_sick_one_of_two_optimizers():
    (finding,) = check(build(steps=300, facts=[idle()]))
    assert finding.where == ("Decoder.net.weight", "Decoder.net.bias")
    assert "made no step in 300 steps" in finding.message


def test_healthy_every_gradient_is_applied():
    assert not list(check(build(loss=decay(2.3, 0.1), tables={"update_norm": {"fc.weight": 0.01}})))


def test_healthy_near_miss_a_few_backwards_before_the_script_ends():
    assert list(check(build(steps=0, sampled_steps=(), facts=[never(backwards=10, training=10)])))
    assert not list(check(build(steps=0, sampled_steps=(), facts=[never(backwards=9, training=9)])))


def test_healthy_saliency_maps_of_a_model_in_eval_mode():
    assert not list(check(build(steps=0, sampled_steps=(), facts=[never(training=0)])))


def test_healthy_critic_trained_before_its_generator():
    assert not list(check(build(steps=300, facts=[idle(0), idle(160, names=())])))


def test_healthy_generator_that_waits_for_the_first_steps():
    assert not list(check(build(steps=300, facts=[idle(151)])))
    assert not list(check(build(steps=19, facts=[idle(0)])))


def test_healthy_gradients_cleared_early_in_a_few_steps_only():
    assert not list(check(build(tables={"update_norm": {"fc.weight": noisy(0.01, 0.1)}}, facts=[CLEARED])))


def test_healthy_look_alike_rate_of_zero():
    """Gradients are there and the step runs; it is the rate that moves nothing."""
    tables = {"update_norm": {"fc.weight": 0.0}, "grad_norm": {"fc.weight": 1.0}}
    assert not list(check(build(loss=2.3, series={"rate": 0.0}, tables=tables)))
