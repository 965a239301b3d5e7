"""Runs with frozen parameters that were learnt, that are meant, or that nobody trained."""

from gradwise.rules.accidentally_frozen import check
from gradwise.trace.model import ParameterInfo
from tests.cases import build as cases
from tests.cases.build import decay, fact, learning

BODY = ("0.conv1.weight", "0.conv2.weight", "0.fc.weight")
SHAPES = {BODY[0]: (8, 1, 3, 3), BODY[1]: (16, 8, 3, 3), BODY[2]: (12, 64), "2.weight": (10, 12)}


def build(*facts, **parts):
    parameters = [ParameterInfo(n, shape, n == "2.weight") for n, shape in SHAPES.items()]
    return cases.build(parameters=parameters, facts=facts, **{"loss": decay(2.3, 1.0), **parts})


def frozen(names=BODY, step=1, **changes):
    numbers = {name: cases.np.prod(SHAPES[name]) for name in SHAPES}
    held = sum(int(numbers[name]) for name in names)
    data = {
        "parameters": list(names),
        "uniform": list(names),
        "loaded": [],
        "twins": [],
        "numbers": held,
        "trainable": int(sum(numbers.values())) - held,
        "held": list(names),
        "last": "2",
    }
    return fact("frozen", step=step, **{**data, **changes})


def test_sick_backbone_without_weights():
    (finding,) = check(build(frozen()))
    assert finding.where == BODY
    assert "frozen at their random start" in finding.message
    assert finding.value > 0.9
    assert finding.cures == ("unfreeze",)


def test_sick_head_frozen_with_the_rest_learning():
    (finding,) = check(build(frozen(("2.weight",))))
    assert "the last layer among them" in finding.message


def test_sick_left_out_of_the_optimizer_and_nothing_learnt():
    (finding,) = check(build(frozen(held=[]), tables=learning(end=2.25)))
    assert finding.strength > 0.9


def test_healthy_nothing_frozen():
    assert not list(check(build()))


def test_healthy_pretrained_backbone():
    assert not list(check(build(frozen(loaded=list(BODY)))))


def test_healthy_weights_that_no_initialisation_draws():
    """Copied from elsewhere: trained weights are not uniformly distributed."""
    assert not list(check(build(frozen(uniform=[]))))


def test_healthy_base_trained_before_it_was_frozen():
    tables = {"update_norm": {name: [0.01] * 10 + [0.0] * 40 for name in BODY}}
    rows = range(0, 400, 8)
    assert not list(check(build(frozen(step=90), tables=tables, sampled_steps=rows)))


def test_healthy_random_features_beside_a_readout_that_learns():
    assert not list(check(build(frozen(held=[]), tables=learning(end=0.3))))


def test_healthy_target_network_within_the_agent():
    assert not list(check(build(frozen(twins=list(BODY)))))


def test_healthy_head_first_and_then_all():
    assert not list(check(build(frozen(), fact("frozen", step=150, parameters=[], uniform=[]))))


def test_healthy_near_miss_less_than_half_of_the_numbers():
    small = (BODY[0], BODY[2])  # 840 of 2112 numbers
    assert not list(check(build(frozen(small))))
    assert list(check(build(frozen((BODY[1], BODY[0])))))


def test_healthy_look_alike_parameters_left_out_of_the_optimizer():
    """They require gradients and get them: another rule's business."""
    unowned = fact("unowned", parameters=list(BODY), modules=["0"], loaded=False, owned=1)
    assert not list(check(build(unowned)))


def test_sick_unfrozen_by_an_attribute_of_the_module():
    told = fact("attributes", step=40, frozen={"encoder": 300, "encoder.0": 200}, numbers=400)
    (finding,) = check(build(told))
    assert finding.where == ("encoder",)
    assert finding.since_step == 40
    assert "300 numbers" in finding.message


def test_healthy_the_attribute_came_with_the_switch():
    set_, freed = (fact("attributes", step=s, frozen=f, numbers=400) for s, f in ((3, {"a": 9}), (9, {})))
    assert not list(check(build(set_, freed)))
