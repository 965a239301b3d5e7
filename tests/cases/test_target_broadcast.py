"""Runs whose predictions and targets have one shape, or two."""

import pytest

from gradwise.rules.target_broadcast import check
from tests.cases.build import build, decay, fact


def mixed(prediction, target, result, place="mse_loss", step=0):
    return fact(
        "broadcast",
        place,
        step,
        prediction_shape=list(prediction),
        target_shape=list(target),
        result_shape=list(result),
        share=1.0,
    )


def test_sick_column_against_row():
    (finding,) = check(build(facts=[mixed((32, 1), (32,), (32, 32))]))
    assert finding.where == ("mse_loss",)
    assert finding.value == 32
    assert "(32, 1)" in finding.message
    assert "(32, 32)" in finding.message
    assert finding.cures == ("align-shapes",)


def test_sick_row_against_column_in_huber():
    (finding,) = check(build(facts=[mixed((16,), (16, 1), (16, 16), "huber_loss", step=3)]))
    assert finding.since_step == 3


def test_sick_hand_written_loss():
    (finding,) = check(build(loss=decay(1.6, 1.1), facts=[mixed((64, 1), (64,), (64, 64), "custom")]))
    assert "hand-written" in finding.message


def test_sick_hand_written_loss_with_flat_predictions():
    """Only the result tells that the target was a column."""
    (finding,) = check(build(facts=[mixed((64,), (64,), (64, 64), "custom")]))
    assert "targets (64, 1)" in finding.message


def test_sick_seen_again_in_a_smaller_last_batch():
    facts = [mixed((32, 1), (32,), (32, 32)), mixed((7, 1), (7,), (7, 7), step=9)]
    (finding,) = check(build(facts=facts))
    assert finding.value == 32


def test_healthy_nothing_broadcast():
    assert not list(check(build()))


@pytest.mark.parametrize("target", [(), (1,), (1, 1)])
def test_healthy_scalar_target(target):
    assert not list(check(build(facts=[mixed((32, 1), target, (32, 1))])))


def test_healthy_one_label_for_several_outputs():
    assert not list(check(build(facts=[mixed((32, 4), (32, 1), (32, 4))])))


def test_healthy_all_pairs_written_out_by_hand():
    assert not list(check(build(facts=[mixed((32, 1), (1, 32), (32, 32), "custom")])))


def test_healthy_quantiles_against_one_target_each():
    assert not list(check(build(facts=[mixed((32, 5), (32, 1), (32, 5), "smooth_l1_loss")])))


def test_healthy_near_miss_last_batch_of_one():
    assert not list(check(build(facts=[mixed((1, 1), (1,), (1, 1))])))
    assert list(check(build(facts=[mixed((2, 1), (2,), (2, 2))])))


def test_healthy_look_alike_constant_output():
    """The prediction has collapsed to the mean of the targets, with shapes that agree."""
    tables = {"criterion": {"mse_loss": 1.0}, "trivial": {"mse_loss": 1.0}, "output_std": {"mse_loss": 1e-4}}
    calls = [fact("loss-call", "mse_loss", function="mse_loss", input_shape=[32, 1], target_shape=[32, 1])]
    assert not list(check(build(loss=1.0, tables=tables, facts=calls)))
