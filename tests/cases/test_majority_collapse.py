"""Classifiers with one answer, for a while or for ever."""

import numpy as np
import pytest

from gradwise.rules.majority_collapse import TOP_LIMIT, check
from gradwise.trace.model import Trace
from tests.cases.build import before_and_after, build, decay, fact, learning

PLACE = "cross_entropy"


def run(share=1.0, *, top=2.0, label=0.4, majority=0.4, end=1.07, batch=32.0, optimizers=1, **more) -> Trace:
    tables = {
        "guess_top_share": {PLACE: share}, "guess_top": {PLACE: top}, "label_top_share": {PLACE: label},
        "majority": {PLACE: majority}, "batch_size": {"Net": batch}, **learning(trivial=1.09, end=end),
    }  # fmt: skip
    facts = [fact("optimizer", f"Adam#{i}") for i in range(optimizers)]
    return build(loss=decay(1.1, end), tables=tables, facts=facts, **more)


def test_sick_one_answer() -> None:
    (finding,) = check(run())
    assert finding.value == pytest.approx(1.0) and "class 2 has 100%" in finding.message


def test_sick_nearly_one_answer() -> None:
    assert list(check(run(0.97, label=0.7, majority=0.7)))


def test_sick_with_few_samples_late() -> None:
    rows = [*range(40), 60, 90, 140, 210, 315]
    assert list(check(run(sampled_steps=rows)))


def test_healthy_answers_differ() -> None:
    assert not list(check(run(0.5, end=0.2)))


def test_healthy_near_miss() -> None:
    assert not list(check(run(TOP_LIMIT)))
    assert list(check(run(TOP_LIMIT + 0.01)))


def test_healthy_at_the_start_only() -> None:
    assert not list(check(run(before_and_after(150, 1.0, 0.5))))


def test_healthy_look_alike_one_class_is_nearly_all() -> None:
    assert not list(check(run(majority=0.9, label=0.9)))


def test_healthy_look_alike_classes_in_order() -> None:
    """Each batch holds one class, and gets its answer."""
    assert not list(check(run(label=1.0)))
    assert not list(check(run(top=lambda steps: steps % 3.0)))


def test_healthy_loss_is_low_all_the_same() -> None:
    assert not list(check(run(end=0.3)))


def test_healthy_small_batches() -> None:
    assert not list(check(run(batch=2.0)))


def test_healthy_run_too_short() -> None:
    assert not list(check(run(steps=60)))


def test_healthy_not_seen_late() -> None:
    assert not list(check(run(sampled_steps=range(40))))


def test_healthy_two_networks_against_each_other() -> None:
    trace = run(optimizers=2)
    rows = trace.tables["criterion"]
    still = type(rows)(rows.steps, (PLACE,), np.zeros_like(rows.values))
    tables = {**trace.tables, "target_std": still}
    assert not list(check(Trace(trace.run, trace.series, tables, trace.facts, steps=trace.steps)))
