"""Rows whose labels change or look wrong, beside rows that are rare, hard or clean."""

import numpy as np
import pytest

from gradwise.rules.noisy_labels import (
    CHANGED_SHARE,
    LAG,
    MIN_LIFT,
    STUCK_LOW,
    SURER_AT,
    SURER_PER_LIFT,
    UNSURE,
    check,
)
from gradwise.trace.model import Trace
from tests.cases.build import build, decay, fact

CLEAN = {
    "twins": 0, "pairs": 40_000, "revisited": 300, "relabelled": 0, "late": 400, "wrong": 6, "fitted": 380,
    "wrong_again": 3, "stuck": 1, "stuck_classes": 1, "classes": 4,
}  # fmt: skip
WRONG = {"wrong": 70, "fitted": 290, "wrong_again": 30, "stuck": 27, "stuck_classes": 4}

# Four classes, three labels in ten wrong: of 600 rows 420 right, sure or not; a lift of 0.6.
UNSURE_QUARTER = {
    "rows": 600, "right": 420, "classes": 4, "common": 150, "confidence": 0.67, "surer": 0.56,
    "surest": 150, "surest_right": 110, "easier": 310, "easier_right": 225, "left": 0.36,
}  # fmt: skip
# The same of rows that are hard to different degrees.
HARD_QUARTER = {**UNSURE_QUARTER, "surer": 0.77, "surest_right": 144, "easier_right": 250, "left": 0.58}


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


def quarters(*changed, **of_all):
    """A run whose first quarter of rows is hard and whose others are unsure, with changes."""
    first, second = {**HARD_QUARTER}, {**UNSURE_QUARTER, **of_all}
    return run(quarters=[first, second, second, second] if not changed else list(changed))


def test_sick_unsure_of_all() -> None:
    (finding,) = check(quarters())
    assert finding.value == pytest.approx(SURER_AT + SURER_PER_LIFT * 0.6 - 0.56)
    assert "30% of the answers of Net were wrong, of the surest quarter 27%" in finding.message


def test_sick_unsure_in_one_quarter_before_all_is_learnt_by_heart() -> None:
    learnt = {**HARD_QUARTER, "right": 596, "surest_right": 150, "easier_right": 310, "surer": 0.9}
    assert list(check(quarters(HARD_QUARTER, UNSURE_QUARTER, learnt, learnt)))
    assert not list(check(quarters(HARD_QUARTER, learnt, learnt, learnt)))


def test_healthy_unsure_at_the_start_alone() -> None:
    assert not list(check(quarters(UNSURE_QUARTER, HARD_QUARTER, HARD_QUARTER, HARD_QUARTER)))


def test_healthy_near_miss_of_being_surer_of_right_answers() -> None:
    many = {name: 10 * value for name, value in UNSURE_QUARTER.items() if isinstance(value, int)}
    many["classes"] = 4  # of 6,000 rows the standard error is small
    limit = SURER_AT + SURER_PER_LIFT * 0.6 - UNSURE
    assert not list(check(quarters(**many, surer=limit + 0.005)))
    assert list(check(quarters(**many, surer=limit - 0.005)))


def test_healthy_near_miss_of_few_rows_and_their_error() -> None:
    assert list(check(quarters(surer=0.70)))
    fewer = {name: value // 3 for name, value in UNSURE_QUARTER.items() if isinstance(value, int)} | {
        "classes": 4
    }
    assert not list(check(quarters(**fewer, surer=0.70)))


def test_healthy_near_miss_of_two_classes() -> None:
    two = {"classes": 2, "common": 300, "right": 450, "left": 1.0, "easier_right": 225}  # a lift of 0.5
    assert list(check(quarters(**two, surer=0.60)))
    assert not list(check(quarters(**two, surer=0.63)))


def test_healthy_near_miss_of_little_learnt() -> None:
    """Weak hints make all answers alike, too."""
    right = 150 + int(MIN_LIFT * 450)
    rest = {"surer": 0.45, "confidence": 0.47, "surest_right": 75, "easier_right": 160, "left": 0.33}
    assert not list(check(quarters(right=right - 1, **rest)))
    assert list(check(quarters(right=right + 1, **rest)))


def test_healthy_near_miss_of_a_network_on_its_way() -> None:
    assert not list(check(quarters(confidence=0.7 - LAG - 0.01)))
    assert list(check(quarters(confidence=0.7 - LAG + 0.01)))


@pytest.mark.parametrize(
    ("near", "sick"),
    [
        ({"surest_right": 150 - 22}, {"surest_right": 150 - 23}),  # half of 30 % of 150 are 22.5
        ({"easier_right": 310 - 55}, {"easier_right": 310 - 56}),  # 0.6 times 30 % of 310 are 55.8
        ({"left": 0.46}, {"left": 0.45}),  # (3 * left - 1) / 2 against half of 0.36
        ({"rows": 149, "right": 104, "common": 37}, {}),
    ],
    ids=["the surest are right", "some classes are easy", "near misses", "few rows"],
)
def test_healthy_near_misses_of_wrong_answers_everywhere(near, sick) -> None:
    assert not list(check(quarters(**near)))
    assert list(check(quarters(**sick)))


def test_healthy_look_alike_hard_rows() -> None:
    assert not list(check(quarters(HARD_QUARTER, HARD_QUARTER, HARD_QUARTER, HARD_QUARTER)))


def test_healthy_look_alike_unsure_of_rare_classes() -> None:
    assert not list(check(run(quarters=[HARD_QUARTER, *[UNSURE_QUARTER] * 3], rare=0.04)))


def test_healthy_one_class_alone() -> None:
    assert not list(check(quarters(classes=1, common=600)))
