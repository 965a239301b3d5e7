"""Runs evaluated in eval mode, in training mode, or in a mixture that is meant."""

from gradwise.rules.train_mode_while_evaluating import check
from tests.cases.build import build, decay, fact


def modes(phases=8, active=8, modules=("dropout", "norm1", "norm2"), gap=32, by_loss=0, first=32):
    return fact(
        "evaluation-modes",
        step=399,
        phases=phases,
        active=active,
        by_loss=by_loss,
        modules=list(modules) if active else [],
        first_active=first if active else -1,
        gap=gap,
    )


def test_sick_eval_forgotten():
    (finding,) = check(build(loss=decay(2.3, 0.1), facts=[modes()]))
    assert finding.where == ("dropout", "norm1", "norm2")
    assert "dropout, norm1 and 1 more in training mode in 8 of 8 evaluations" in finding.message
    assert finding.since_step == 32


def test_sick_one_test_at_the_end():
    (finding,) = check(build(facts=[modes(1, 1, modules=("drop",), gap=0, first=400)]))
    assert finding.value == 1.0


def test_sick_whole_table_evaluated_after_every_step():
    (finding,) = check(build(facts=[modes(40, 40, gap=1, by_loss=40)]))
    assert finding.cures == ("set-eval-mode",)


def test_healthy_eval_mode():
    assert not list(check(build(facts=[modes(8, 0)])))
    assert not list(check(build()))


def test_healthy_pseudo_labels_in_every_step():
    assert not list(check(build(facts=[modes(60, 60, gap=1)])))


def test_healthy_dropout_switched_on_after_eval():
    """Monte Carlo dropout: the model itself is in eval mode, so no evaluation counts as active."""
    assert not list(check(build(facts=[modes(12, 0)])))


def test_healthy_gan_that_shows_samples():
    two = [fact("optimizer", "Adam", lr=1e-3), fact("optimizer", "Adam", lr=1e-3)]
    assert not list(check(build(facts=[*two, modes(5, 5)])))


def test_healthy_near_miss_sometimes_on_training_data():
    assert list(check(build(facts=[modes(8, 4)])))
    assert not list(check(build(facts=[modes(9, 4)])))


def test_healthy_look_alike_net_without_such_layers():
    """Overfitting, and a model that never leaves training mode, with nothing in it that minds."""
    tables = {"val_loss": {"validate:12": [2, 1.5, 1.2, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2]}}
    assert not list(check(build(loss=decay(2.3, 0.01), tables=tables, facts=[modes(8, 8, modules=())])))
