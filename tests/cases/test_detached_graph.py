"""Runs in which a gradient reaches everything that takes part, or does not."""

from dataclasses import replace

import pytest

from gradwise.rules.detached_graph import check
from tests.cases.build import build, decay, fact, learning

ENCODER = ("encoder.fc1.weight", "encoder.fc1.bias", "encoder.fc2.weight", "encoder.fc2.bias")


def unreached(step=0, names=ENCODER, **changes):
    data = {
        "parameters": list(names),
        "modules": list(dict.fromkeys(name.rpartition(".")[0] for name in names)),
        "gradless": [],
        "before": "head",
        "first": True,
        "whole": False,
        "leaf_loss": False,
        "loaded": False,
        "twins": False,
        "trained": 6,
    }
    return fact("unreached", step=step, **{**data, **changes})


def test_sick_encoder_detached():
    (finding,) = check(build(loss=decay(2.3, 1.1), facts=[unreached()]))
    assert finding.where == ("encoder.fc1", "encoder.fc2")
    assert "4 of 6 parameters" in finding.message
    assert "the graph ends before head" in finding.message


def test_sick_loss_made_anew():
    whole = unreached(names=("0.weight", "2.weight"), before="", whole=True, leaf_loss=True, trained=2)
    (finding,) = check(build(loss=1.0, facts=[whole]))
    assert "made anew from the loss's value" in finding.message
    assert finding.strength == 1.0


def test_sick_encoder_under_no_grad_and_nothing_learnt():
    gradless = unreached(gradless=["encoder.fc1", "encoder.fc2"])
    (finding,) = check(build(loss=2.3, tables=learning(end=2.2), facts=[gradless]))
    assert "ran with gradients switched off" in finding.message


def test_healthy_all_get_gradients():
    assert not list(check(build(loss=decay(2.3, 0.1))))


def test_healthy_pretrained_backbone_under_no_grad():
    assert not list(check(build(loss=2.3, facts=[unreached(loaded=True)])))


def test_healthy_random_features_under_no_grad_that_do():
    gradless = unreached(gradless=["encoder.fc1", "encoder.fc2"])
    assert not list(check(build(loss=decay(2.3, 0.2), tables=learning(end=0.2), facts=[gradless])))


def test_healthy_target_network_within_the_agent():
    names = ("target.fc.weight", "target.fc.bias")
    assert not list(check(build(loss=decay(1.0, 0.3), facts=[unreached(names=names, twins=True)])))


def test_healthy_auxiliary_head_that_is_not_used():
    names = ("aux.weight", "aux.bias")
    assert not list(
        check(build(loss=decay(2.3, 0.1), facts=[unreached(names=names, first=False, before="")]))
    )


def test_healthy_generator_that_only_waits_for_its_turn():
    assert not list(check(build(facts=[unreached(0), fact("unreached", step=3, parameters=[], modules=[])])))


def test_healthy_trained_in_an_earlier_stage():
    tables = {"update_norm": dict.fromkeys(ENCODER, 0.01)}
    assert not list(check(build(loss=2.3, tables=tables, facts=[unreached()])))


def test_healthy_near_miss_cut_in_the_second_half_only():
    assert list(check(build(steps=400, facts=[unreached(200)])))
    assert not list(check(build(steps=400, facts=[unreached(201)])))


def test_healthy_look_alike_vanishing_gradient():
    """Gradients reach the first layer, though hardly any of them."""
    tables = {"grad_norm": {"fc1.weight": 1e-12, "fc9.weight": 1.0}}
    assert not list(check(build(loss=2.3, tables={**tables, **learning(end=2.29)})))


def test_sick_told_again_late_with_another_detail():
    facts = [unreached(step=0), unreached(step=300, gradless=["encoder.fc1"])]
    (finding,) = check(build(loss=decay(2.3, 1.1), facts=facts))
    assert finding.since_step == 0


def test_healthy_other_parameters_until_late():
    facts = [unreached(step=0, names=("head.weight",)), unreached(step=300)]
    assert not list(check(build(loss=decay(2.3, 1.1), facts=facts)))


def ended(error, **how):
    trace = build(status="failed", **how)
    return replace(trace, run=replace(trace.run, error=error))


@pytest.mark.parametrize("steps", [0, 12])
def test_sick_torch_refuses_the_backward(steps):
    error = "RuntimeError: element 0 of tensors does not require grad and does not have a grad_fn"
    (finding,) = check(ended(error, steps=steps))
    assert finding.since_step == max(0, steps - 1)
    assert "no trainable parameter reaches" in finding.message


def test_healthy_another_error():
    assert not list(check(ended("RuntimeError: shapes cannot be multiplied", steps=0)))
