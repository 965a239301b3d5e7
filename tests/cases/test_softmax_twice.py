"""Runs whose cross-entropy is fed probabilities, or raw scores."""

import pytest

from gradwise.rules.softmax_twice import check
from tests.cases.build import build, fact, learning, noisy

PLACE = "cross_entropy"


def call(producer="linear", module="", classes=10, function=PLACE):
    return fact(
        "loss-call", PLACE, function=function, producer=producer, producer_module=module, classes=classes
    )


def error(value, place=PLACE):
    return {"row_sum_error": {place: value}}


def test_sick_softmax_module():
    trace = build(tables=error(noisy(2e-7, 0.3)) | learning(end=1.6), facts=[call("softmax", "classifier.2")])
    (finding,) = check(trace)
    assert finding.where == ("classifier.2",)
    assert "probability of 0.23" in finding.why  # e / (e + 9)
    assert finding.cures == ("drop-activation",)


def test_sick_softmax_function_in_half_precision():
    (finding,) = check(build(tables=error(8e-3), facts=[call("softmax", classes=3)]))
    assert finding.where == (PLACE,)
    assert finding.threshold == pytest.approx(0.02)


def test_sick_mean_of_two_softmaxes_by_value_alone():
    (finding,) = check(build(tables=error(3e-7), facts=[call("Div", classes=2)]))
    assert "0.73" in finding.why


def test_sick_by_value_without_a_recorded_call():
    assert len(list(check(build(tables=error(3e-7))))) == 1


def test_healthy_raw_scores():
    assert not list(check(build(tables=error(noisy(4.0, 0.5)), facts=[call()])))


def test_healthy_log_softmax_into_cross_entropy():
    """Log-probabilities are negative: the error is infinite; normalising them again changes nothing."""
    assert not list(check(build(tables=error(float("inf")), facts=[call("log_softmax", "out")])))


def test_healthy_softmax_into_nll_is_another_ailment():
    facts = [call("softmax", function="nll_loss")]
    assert not list(check(build(tables=error(2e-7), facts=facts)))


def test_healthy_two_samples_by_value_are_too_few():
    trace = build(steps=2, sampled_steps=(0, 1), tables=error(1e-7), facts=[call("unknown")])
    assert not list(check(trace))


def test_healthy_near_miss_rows_sum_to_almost_one():
    almost = build(tables=error(1.1e-3), facts=[call("unknown")])
    assert not list(check(almost))
    assert list(check(build(tables=error(0.9e-3), facts=[call("unknown")])))


def test_healthy_near_miss_a_single_batch_is_off():
    rows = range(20)
    values = [2e-7] * 19 + [0.4]
    assert not list(check(build(steps=20, sampled_steps=rows, tables=error(values), facts=[call("Mul")])))


def test_healthy_look_alike_sigmoid_scores():
    """Scores in [0, 1] that do not sum to one: confined, but not a softmax."""
    assert not list(check(build(tables=error(noisy(3.0, 0.2)), facts=[call("sigmoid", "act")])))
