"""The arms compared: an interval, the lot, and words for each ending."""

import math

import pytest
from scipy import stats

from gradwise.heal.proof import Arms, Gain, prove

NAN = math.nan


def arms_of(nothing, chosen, drawn=(), *, lower=True, worst=NAN, planned=None, same=False):
    count = len(nothing) if planned is None else planned
    return Arms(lower, count, worst, same, list(nothing), list(chosen), list(drawn))


def proved(nothing, chosen, drawn=(), **options):
    arms = arms_of(nothing, chosen, drawn, **options)
    return prove(range(len(nothing)), arms, ["adam"] * len(drawn))


def test_the_interval_is_that_of_a_paired_t_test():
    before, after = [0.5, 0.4, 0.9, 0.3], [0.9, 0.7, 1.1, 0.8]
    expected = stats.ttest_rel(after, before).confidence_interval(0.95)
    proof = proved(before, after, lower=False)
    assert proof.scale == "difference"
    assert (proof.gain.low, proof.gain.high) == pytest.approx((expected.low, expected.high))


def test_losses_are_compared_by_their_ratios():
    before, after = [400.0, 3e3, 1e6], [0.5, 0.4, 0.9]
    logs = [[math.log(one) for one in arm] for arm in (before, after)]
    expected = stats.ttest_rel(*logs).confidence_interval(0.95)
    proof = proved(before, after)
    assert proof.scale == "ratio"
    assert (proof.gain.low, proof.gain.high) == pytest.approx((expected.low, expected.high))
    assert proof.verdict == "helped"  # by differences the one run of a million would drown it


def test_a_number_that_can_be_zero_has_no_ratio():
    assert proved([1.0, 1.1], [0.0, 0.1]).scale == "difference"
    assert proved([1.0, 1.1], [0.5, 0.4], lower=False).scale == "difference"


def test_what_the_lot_does_changes_no_scale():
    proof = proved([1.0, 1.1, 0.9], [0.1, 0.12, 0.11], [0.0, 0.0, 0.0])
    assert proof.scale == "ratio"
    assert "drawn by lot" in proof.words


def test_helped_where_more_is_better():
    assert proved([0.3, 0.31, 0.29], [0.9, 0.92, 0.91], [0.3], lower=False).verdict == "helped"
    assert proved([0.3, 0.31, 0.29], [0.9, 0.92, 0.91], [0.3]).verdict == "not shown"


@pytest.mark.parametrize(
    ("nothing", "chosen", "drawn", "words"),
    [
        ([1.0, 1.0, 1.1], [0.9, 1.1, 0.7], [], "includes zero"),
        ([1.0, 1.1, 0.9], [0.5, 0.55, 0.45], [0.4, 0.45, 0.3], "drawn by lot"),
        ([1.0, 1.1, 0.9], [1.2, 1.3, 1.0], [], "no better than nothing"),
        ([1.0], [0.1], [], "one seed"),
        ([1.0, 1.0], [NAN, NAN], [], "no run of 2 seeds ended in a number"),
        ([NAN, NAN], [0.2, 0.3], [0.1, 0.2], "drawn by lot do so too"),
    ],
)
def test_not_shown(nothing, chosen, drawn, words):
    proof = proved(nothing, chosen, drawn)
    assert proof.verdict != "helped"
    assert words in proof.words


def test_one_run_for_all_seeds_tells_nothing_and_equal_numbers_do():
    assert "every seed gave the same run" in proved([1.0, 1.0], [0.5, 0.5], same=True).words
    assert proved([0.1, 0.1, 0.1], [1.0, 1.0, 1.0], [0.1], lower=False).verdict == "helped"


@pytest.mark.parametrize(
    ("differences", "planned"),
    [([1.0, 1.1], 3), ([1.0, 0.1], 3), ([1.0, -0.1], 3), ([-1.0], 3), ([0.2], 3), ([3.0, 1.0, 0.5], 5)],
)
def test_hopeless_means_that_no_further_numbers_make_it_certain(differences, planned):
    arms = arms_of([0.0] * len(differences), differences, lower=False, planned=planned)
    steps = [10 ** (power / 100) for power in range(-300, 300)]
    best = max(Gain.of([*differences, *[step] * (planned - len(differences))]).low for step in steps)
    assert arms.hopeless is (best <= 0)


def test_runs_without_a_number_leave_hope():
    assert not arms_of([NAN], [0.5], planned=3).hopeless


def test_the_lot_ends_where_it_is_far_behind():
    nothing, chosen = [1.0, 1.1, 0.9], [0.1, 0.12, 0.11]
    assert arms_of(nothing, chosen, [0.9]).decided
    assert not arms_of(nothing, chosen, [0.2]).decided
    assert not arms_of(nothing, chosen).decided
    assert arms_of([NAN, NAN], [0.2, 0.3], [NAN]).decided
    assert not arms_of([NAN, NAN], [0.2, 0.3], [0.4]).decided


def test_runs_that_end_in_no_number_are_rescued():
    proof = proved([NAN, NAN, NAN], [0.2, 0.3, 0.25], [NAN, 0.1, NAN], worst=2.3)
    assert proof.verdict == "helped"
    assert proof.gain.ruined == 3
    assert "ends in a number" in proof.words


def test_a_ruined_run_counts_as_the_worst_number_seen():
    proof = proved([NAN, 0.5, 0.6], [0.7, 0.8, 0.85], worst=0.2, lower=False)
    assert proof.gain.mean == pytest.approx((0.5 + 0.3 + 0.25) / 3)
    assert proof.gain.ruined == 1


def test_no_interval_without_pairs():
    assert math.isnan(Gain.of([]).mean)
    assert not Gain.of([0.5]).certain


def test_two_pairs_follow_where_all_are_better_and_too_few():
    nothing, chosen = [1.614, 1.5, 1.827], [1.064, 0.8791, 1.506]
    arms = arms_of(nothing, chosen)
    assert not arms.gain.certain
    assert arms.promising
    arms.go_on()
    assert (arms.planned, arms.level, arms.promising, arms.hopeless) == (5, 0.975, False, False)
    arms.nothing += [1.6, 1.7]
    arms.chosen += [1.0, 1.1]
    expected = stats.ttest_rel(
        [math.log(one) for one in arms.nothing], [math.log(one) for one in arms.chosen]
    ).confidence_interval(0.975)
    proof = prove(range(5), arms, [])
    assert (proof.gain.low, proof.gain.high) == pytest.approx((expected.low, expected.high))
    assert (proof.verdict, proof.level) == ("helped", 0.975)


@pytest.mark.parametrize(
    ("nothing", "chosen"),
    [
        ([1.0, 1.0, 1.0], [0.5, 0.5, 0.51]),  # certain already
        ([1.0, 1.0, 1.0], [0.5, 0.4, 1.01]),  # not better in all
        ([1.0, 1.0, 1.0], [0.1, 0.97, 0.99]),  # two more like these would not do
        ([1.0, 1.0], [0.6, 0.8]),  # a proof that was asked to be small
    ],
)
def test_none_follow_otherwise(nothing, chosen):
    assert not arms_of(nothing, chosen).promising
