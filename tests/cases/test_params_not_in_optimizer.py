"""Runs whose optimizers hold all, or not all, of the parameters."""

import numpy as np

from gradwise.rules.params_not_in_optimizer import check
from gradwise.trace.model import ParameterInfo
from tests.cases.build import before_and_after, build, decay, fact, learning

BODY = ("features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias")
HEAD = ("classifier.weight", "classifier.bias")


def unowned(names, step=1, loaded=False, owned=2):
    modules = sorted({name.split(".")[0] for name in names})
    return fact("unowned", step=step, parameters=list(names), modules=modules, loaded=loaded, owned=owned)


def parameters(owned, left_out):
    return [ParameterInfo(name, (8, 8), in_optimizer=name in owned) for name in (*owned, *left_out)]


def test_sick_only_the_head_is_trained():
    trace = build(facts=[unowned(BODY)], parameters=parameters(HEAD, BODY), tables=learning(end=1.2))
    (finding,) = check(trace)
    assert finding.where == BODY
    assert finding.since_step == 1
    assert finding.value == 4
    assert "4 of 6 parameters" in finding.message
    assert "nearly the whole model" in finding.why


def test_sick_one_late_block_though_learning_is_good():
    late = ("extra.weight",)
    trace = build(
        facts=[unowned(late, step=40)], parameters=parameters(BODY + HEAD, late), tables=learning(end=0.1)
    )
    (finding,) = check(trace)
    assert finding.since_step == 40
    assert "extra.weight: gets a gradient" in finding.message


def test_sick_list_grows_while_the_first_ones_stay():
    trace = build(facts=[unowned(BODY[:2], step=2), unowned(BODY, step=9)], parameters=parameters(HEAD, BODY))
    (finding,) = check(trace)
    assert finding.where == BODY
    assert finding.since_step == 2


def test_sick_optimizer_of_another_model_altogether():
    trace = build(
        loss=2.3,
        facts=[unowned(BODY + HEAD)],
        parameters=parameters((), BODY + HEAD),
        tables=learning(end=2.3),
    )
    assert len(list(check(trace))) == 1


def test_sick_modules_in_a_plain_list_are_counted_beside_the_model():
    stray = [f"Linear #{i} (8 x 8, unregistered).{part}" for i in (1, 2, 3) for part in ("weight", "bias")]
    trace = build(facts=[unowned(stray)], parameters=parameters(BODY, ()), tables=learning(end=1.2))
    (finding,) = check(trace)
    assert "(6 of 10 parameters, limit 0)" in finding.message


def test_healthy_all_held():
    assert not list(check(build(parameters=parameters(BODY + HEAD, ()))))


def test_healthy_pretrained_backbone_left_out():
    assert not list(check(build(facts=[unowned(BODY, loaded=True)], parameters=parameters(HEAD, BODY))))


def test_healthy_added_to_the_optimizer_later():
    facts = [unowned(BODY), unowned((), step=60, owned=6)]
    assert not list(check(build(facts=facts, parameters=parameters(BODY + HEAD, ()))))


def test_healthy_backbone_trained_in_an_earlier_stage():
    moved = {"update_norm": dict.fromkeys(BODY, before_and_after(200, 0.01, np.nan))}
    trace = build(facts=[unowned(BODY, step=200)], parameters=parameters(HEAD, BODY), tables=moved)
    assert not list(check(trace))


def test_sick_only_in_a_later_stage():
    """The watcher counts what an earlier stage trained as owned, so what is told here was left out."""
    facts = [unowned(BODY, step=200)]
    (finding,) = check(build(facts=facts, parameters=parameters(HEAD, BODY), first_step=200))
    assert finding.where == tuple(BODY)


def test_healthy_input_fitted_to_a_fixed_network():
    trace = build(loss=decay(5.0, 0.2), facts=[unowned(BODY, owned=1)], parameters=parameters((), BODY))
    assert not list(check(trace))


def test_healthy_near_miss_left_out_only_at_the_very_end():
    trace = build(steps=400, facts=[unowned(BODY, step=381)], parameters=parameters(HEAD, BODY))
    assert not list(check(trace))
    earlier = build(steps=400, facts=[unowned(BODY, step=380)], parameters=parameters(HEAD, BODY))
    assert list(check(earlier))


def test_healthy_look_alike_vanishing_gradient():
    """The first layers stand still because hardly any gradient reaches them; the optimizer holds them."""
    tables = {"grad_norm": {"features.0.weight": 1e-12, "classifier.weight": 0.5}} | learning(end=2.3)
    assert not list(check(build(loss=2.3, tables=tables, parameters=parameters(BODY + HEAD, ()))))
