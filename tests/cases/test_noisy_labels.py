"""Rows whose labels change or look wrong, beside rows that are rare, hard or clean."""

import numpy as np
import pytest

from gradwise.rules.noisy_labels import CHANGED_SHARE, STUCK_LOW, check
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact

CLEAN = {
    "twins": 0, "pairs": 40_000, "revisited": 300, "relabelled": 0, "late": 400, "wrong": 6, "fitted": 380,
    "wrong_again": 3, "stuck": 1, "stuck_classes": 1, "classes": 4,
}  # fmt: skip
WRONG = {"wrong": 70, "fitted": 290, "wrong_again": 30, "stuck": 27, "stuck_classes": 4}


def run(*, rare=0.0, loss=None, optimizers=1, **data) -> Trace:
    facts = [fact("rows", "Net", 300, **{**CLEAN, **data})]
    facts += [fact("optimizer", f"Adam#{i}") for i in range(optimizers)]
    tables = {"rare_share": {"cross_entropy": rare}, "criterion": {"cross_entropy": 0.5}}
    return build(loss=decay(1.4, 0.6) if loss is None else loss, tables=tables, facts=facts)


def test_sick_shuffled_apart() -> None:
    (finding,) = check(run(relabelled=270))
    assert finding.value == pytest.approx(0.9) and finding.cures == ("clean-labels",)


def test_sick_a_sixth_stays_wrong() -> None:
    (finding,) = check(run(**WRONG))
    assert finding.value == pytest.approx(70 / 400)
    assert "27 of 30 of them each time" in finding.message


def test_healthy_clean() -> None:
    assert not list(check(run()))


def test_healthy_near_miss_of_changed_labels() -> None:
    assert not list(check(run(relabelled=29)))
    assert list(check(run(relabelled=31)))
    assert 29 / 300 < CHANGED_SHARE < 31 / 300


def test_healthy_near_miss_of_wrong_ones() -> None:
    assert not list(check(run(**{**WRONG, "wrong": 31})))
    assert list(check(run(**{**WRONG, "wrong": 33})))
    assert 31 / 400 < STUCK_LOW < 33 / 400


def test_healthy_equal_contexts_with_unequal_next_letters() -> None:
    """Rows are common values there, and equal ones stand in one batch too."""
    assert not list(check(run(relabelled=200, twins=400)))


def test_healthy_look_alike_a_class_not_learnt() -> None:
    assert not list(check(run(**{**WRONG, "stuck_classes": 1})))


def test_healthy_look_alike_hard_samples_change_sides() -> None:
    assert not list(check(run(**{**WRONG, "stuck": 12})))


def test_healthy_look_alike_hard_samples_lie_between() -> None:
    assert not list(check(run(**{**WRONG, "fitted": 200})))


def test_healthy_look_alike_rare_classes() -> None:
    assert not list(check(run(**WRONG, rare=0.04)))


def test_healthy_too_few_rows() -> None:
    assert not list(check(run(late=120, wrong=20, fitted=95, wrong_again=4, stuck=4, stuck_classes=4)))
    assert not list(check(run(revisited=20, relabelled=18)))


def test_healthy_policy_gradient() -> None:
    assert not list(check(run(relabelled=270, loss=lambda steps: np.sin(steps))))
