"""Classifiers of unequal classes that give up the rare ones, and that do not."""

from dataclasses import replace

import numpy as np
import pytest

from gradwise.rules.class_imbalance import MIN_RARE_ROWS, RECALL_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact

PLACE = "cross_entropy"


def run(
    recall=0.02, *, rest=0.99, rows=40.0, share=0.03, shape=(32, 2), batch=32.0, loss=None, **more
) -> Trace:
    tables = {
        "rare_share": {PLACE: share}, "rare_rows": {PLACE: rows}, "rare_recall": {PLACE: recall},
        "rest_recall": {PLACE: rest}, "batch_size": {"Net": batch},
    }  # fmt: skip
    classes = shape[1] if len(shape) > 1 and PLACE == "cross_entropy" else None
    call = fact("loss-call", PLACE, function=PLACE, input_shape=list(shape), classes=classes)
    facts = [call, *more.pop("facts", ())]
    return build(loss=decay(0.5, 0.1) if loss is None else loss, tables=tables, facts=facts, **more)


def test_sick_never_answers_the_rare_class() -> None:
    (finding,) = check(run(0.0))
    assert finding.where == (PLACE,) and finding.cures[0] == "class-weights"
    assert "3.0% of the labels" in finding.message


def test_sick_answers_a_tenth_of_them() -> None:
    (finding,) = check(run(0.1, shape=(32, 5)))
    assert finding.value == pytest.approx(0.1)


def test_healthy_rare_class_is_learnt() -> None:
    assert not list(check(run(0.8)))


def test_healthy_near_miss_recall() -> None:
    assert not list(check(run(RECALL_LIMIT + 0.01)))
    assert list(check(run(RECALL_LIMIT - 0.01)))


def test_healthy_near_miss_too_few_rows() -> None:
    assert not list(check(run(rows=MIN_RARE_ROWS - 1)))


def test_sick_rows_that_come_and_go() -> None:
    """Whether the very last window holds one row more or less is chance."""
    last = lambda steps: np.where(steps == steps[-1], MIN_RARE_ROWS - 1.0, MIN_RARE_ROWS + 1.0)  # noqa: E731
    (finding,) = check(run(rows=last))
    assert f"{MIN_RARE_ROWS + 1} rows" in finding.message


def test_healthy_enough_rows_long_ago_only() -> None:
    early = lambda steps: np.where(steps < steps[len(steps) // 2], 40.0, MIN_RARE_ROWS - 1.0)  # noqa: E731
    assert not list(check(run(rows=early)))


def test_healthy_still_being_learnt() -> None:
    assert not list(check(run(lambda steps: np.where(steps < 100, 0.0, 0.25))))


def test_healthy_no_class_is_rare() -> None:
    assert not list(check(run(np.nan, rows=0.0, share=0.0)))


def test_healthy_rare_letters_of_many() -> None:
    assert not list(check(run(0.0, shape=(32, 65))))


def test_healthy_several_labels_a_row() -> None:
    """Tokens of sequences, flattened: 32 rows, 640 labels."""
    assert not list(check(run(0.0, shape=(640, 12))))


def test_healthy_images_labelled_by_pixel() -> None:
    assert not list(check(run(0.0, shape=(32, 2, 16, 16))))


def test_healthy_labels_of_a_policy_that_settles() -> None:
    assert not list(check(run(0.0, share=decay(0.09, 0.01))))


def test_healthy_policy_gradient() -> None:
    assert not list(check(run(0.0, loss=lambda steps: np.sin(steps))))


def test_healthy_look_alike_nothing_is_learnt() -> None:
    assert not list(check(run(0.0, rest=0.4)))


def test_healthy_run_too_short() -> None:
    assert not list(check(run(0.0, steps=80)))


def test_sick_recall_measured_at_fewer_steps_than_rows() -> None:
    """Recall is known only where a rare row was seen."""
    fewer = run(0.0, sampled_steps=range(0, 400, 20)).tables["rare_recall"]
    whole = run(0.0, sampled_steps=range(0, 400, 10))
    assert list(check(replace(whole, tables={**whole.tables, "rare_recall": fewer})))


def weighed(weights, *, share=0.88, answers=1.0, guess=0.0, label=0.0) -> Trace:
    """A loss with these class weights, ``share`` of labels in one class, ``answers`` in class ``guess``."""
    place = "binary_cross_entropy_with_logits" if len(weights) == 2 else "cross_entropy"
    tables = {
        "guess_top": {place: guess}, "guess_top_share": {place: answers}, "majority": {place: share},
    }  # fmt: skip
    if len(weights) > 2:
        tables["label_top"] = {place: label}
    call = fact("loss-call", place, function=place, input_shape=[32], class_weights=weights)
    return build(loss=decay(0.5, 0.1), tables=tables, facts=[call])


def test_sick_weights_the_wrong_way_round() -> None:
    (finding,) = check(weighed([1.0, 0.13]))
    assert "7.69 times as much" in finding.message and "wrong way round" in finding.message
    assert list(check(weighed([0.4, 3.0, 0.3], guess=1.0, label=1.0)))


def test_healthy_weights_that_lift_the_rare_class() -> None:
    assert not list(check(weighed([1.0, 7.0])))
    assert not list(check(weighed([0.4, 3.0, 0.3], guess=0.0, label=0.0)))


def test_healthy_near_miss_other_classes_are_answered_too() -> None:
    assert not list(check(weighed([1.0, 0.13], answers=0.9)))
    assert not list(check(weighed([1.0, 0.7])))
    assert not list(check(weighed([1.0, 0.13], share=0.55)))
