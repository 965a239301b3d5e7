"""The arms compared: an interval, the lot, and words for each ending."""

import math

import pytest
from scipy import stats

from gradwise.heal.proof import Gain, prove

NAN = math.nan


def proved(nothing, chosen, drawn, *, lower=True, worst=NAN):
    lots = ["adam"] * len(drawn)
    return prove(range(1, len(nothing) + 1), (nothing, chosen, drawn), lots, lower=lower, worst=worst)


def test_the_interval_is_that_of_a_paired_t_test():
    before, after = [0.9, 0.7, 1.1, 0.8], [0.5, 0.4, 0.9, 0.3]
    expected = stats.ttest_rel(before, after).confidence_interval(0.95)
    gain = proved(before, after, []).gain
    assert (gain.low, gain.high) == pytest.approx((expected.low, expected.high))


def test_helped():
    proof = proved([1.0, 1.1, 0.9], [0.1, 0.15, 0.05], [1.0, 1.0, 0.9])
    assert proof.verdict == "helped"
    assert proof.gain.mean == pytest.approx(0.9)


def test_helped_where_more_is_better():
    assert proved([0.3, 0.31, 0.29], [0.9, 0.92, 0.91], [0.3, 0.3, 0.3], lower=False).verdict == "helped"
    assert proved([0.3, 0.31, 0.29], [0.9, 0.92, 0.91], [0.3, 0.3, 0.3]).verdict == "not shown"


@pytest.mark.parametrize(
    ("nothing", "chosen", "drawn", "words"),
    [
        ([1.0, 1.0, 1.1], [0.9, 1.1, 0.7], [1, 1, 1], "includes zero"),
        ([1.0, 1.1, 0.9], [0.5, 0.55, 0.45], [0.4, 0.45, 0.3], "drawn by lot"),
        ([1.0, 1.1, 0.9], [1.2, 1.3, 1.0], [1, 1, 1], "no better than nothing"),
        ([1.0], [0.1], [1.0], "one seed"),
        ([1.0, 1.0], [0.5, 0.5], [1.0, 1.0], "every seed gave the same numbers"),
        ([1.0, 1.0], [NAN, NAN], [1.0, 1.0], "no run of 2 seeds ended in a number"),
        ([NAN, NAN], [0.2, 0.3], [0.1, 0.2], "drawn by lot do so too"),
    ],
)
def test_not_shown(nothing, chosen, drawn, words):
    proof = proved(nothing, chosen, drawn)
    assert proof.verdict != "helped"
    assert words in proof.words


def test_runs_that_end_in_no_number_are_rescued():
    proof = proved([NAN, NAN, NAN], [0.2, 0.3, 0.25], [NAN, 0.1, NAN], worst=2.3)
    assert proof.verdict == "helped"
    assert proof.gain.ruined == 3
    assert "ends in a number" in proof.words


def test_a_ruined_run_counts_as_the_worst_number_seen():
    proof = proved([NAN, 0.5, 0.6], [0.2, 0.3, 0.25], [], worst=2.0)
    assert proof.gain.mean == pytest.approx((1.8 + 0.2 + 0.35) / 3)
    assert proof.gain.ruined == 1


def test_no_interval_without_pairs():
    assert math.isnan(Gain.of([]).mean)
    assert not Gain.of([0.5]).certain
