"""Runs trained in train mode, in eval mode, or in a mixture that is meant."""

from gradwise.rules.eval_mode_while_training import check
from gradwise.trace.model import ParameterInfo
from tests.cases import build as cases
from tests.cases.build import decay, fact

NORMS = ["bn1", "bn2", "drop"]


def build(*, trained=True, **parts):
    """A run of a model whose one weight is, or is not, in the optimizer."""
    weight = ParameterInfo("fc.weight", (10, 8), in_optimizer=trained)
    return cases.build(parameters=[weight], **parts)


def modes(step=0, root=False, evaluating=NORMS, training=(), frozen=()):
    return fact(
        "modes",
        step=step,
        root_training=root,
        eval_modules=list(evaluating),
        train_modules=list(training),
        frozen=list(frozen),
    )


def back(step):
    return modes(step, root=True, evaluating=(), training=NORMS)


def test_sick_eval_from_the_start():
    (finding,) = check(build(facts=[modes()]))
    assert finding.where == ("bn1", "bn2", "drop")
    assert finding.value == 1.0
    assert finding.since_step == 0
    assert "100% of the steps, to the end" in finding.message


def test_sick_train_forgotten_after_the_first_validation():
    (finding,) = check(build(steps=400, facts=[back(0), modes(40)]))
    assert finding.since_step == 40
    assert finding.value == 0.9


def test_sick_second_half_of_every_epoch():
    """Validation in the middle of an epoch; train mode returns only with the next one."""
    facts = [modes(0, root=True, evaluating=(), training=NORMS)]
    for epoch in range(4):
        facts += [modes(epoch * 100 + 50), back(epoch * 100 + 100)]
    (finding,) = check(build(steps=410, facts=facts))
    assert 0.4 < finding.value < 0.5
    assert "to the end" not in finding.message


def test_sick_dropout_alone():
    (finding,) = check(build(facts=[modes(evaluating=["encoder.drop"])]))
    assert finding.where == ("encoder.drop",)


def test_healthy_input_fitted_to_a_finished_network():
    assert not list(check(build(trained=False, facts=[modes()])))
    assert not list(check(cases.build(facts=[modes()])))


def test_healthy_always_in_train_mode():
    assert not list(check(build()))


def test_healthy_batch_norm_kept_in_eval_inside_a_training_model():
    assert not list(check(build(facts=[modes(root=True, evaluating=["bn1"], training=["bn2", "drop"])])))


def test_healthy_frozen_backbone():
    assert not list(check(build(facts=[modes(evaluating=["bb.bn1", "bb.bn2"], frozen=["bb.bn1", "bb.bn2"])])))


def test_healthy_head_alone_put_back_into_train_mode():
    assert not list(check(build(facts=[modes(evaluating=["body.bn"], training=["head.drop"])])))


def test_healthy_short_look_at_the_start():
    assert not list(check(build(steps=400, facts=[modes(0), back(10)])))


def test_healthy_near_miss_last_steps_only():
    assert not list(check(build(steps=400, facts=[modes(381)])))
    assert list(check(build(steps=400, facts=[modes(380)])))


def test_healthy_look_alike_overfitting_without_dropout():
    """A net without norm or dropout layers has nothing that eval mode changes."""
    trace = build(
        loss=decay(2.3, 0.01),
        tables={"val_loss": {"validate:12": [2, 1.5, 1.2, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2]}},
        facts=[modes(evaluating=())],
    )
    assert not list(check(trace))
