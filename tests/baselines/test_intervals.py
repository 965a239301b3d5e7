"""Intervals and tests over folds against the published formula, and on models that are as good as each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t

from gradwise.baselines.intervals import half_width, holm, p_value
from gradwise.baselines.results import Entry, rank
from gradwise.baselines.scoring import METRICS


def test_the_corrected_t_of_nadeau_and_bengio() -> None:
    apart = np.array([0.02, 0.05, -0.01, 0.03, 0.04])
    statistic = apart.mean() / math.sqrt((1 / 5 + 0.25) * apart.var(ddof=1))
    assert p_value(apart.tolist(), 0.25) == pytest.approx(2 * t.sf(statistic, 4))
    assert half_width(apart.tolist(), 0.25) == pytest.approx(
        2.7764 * math.sqrt(0.45 * apart.var(ddof=1)), rel=1e-4
    )


def test_equal_folds_are_not_endlessly_sure() -> None:
    assert half_width([1.0] * 5, 0.25, least=1 / 30) == pytest.approx(2.7764 * math.sqrt(0.45) / 30, rel=1e-4)
    assert 0 < p_value([0.2] * 5, 0.25, least=1 / 30) < 1
    assert math.isnan(half_width([1.0], 0.25)) and math.isnan(p_value([0.1], 0.25))


def test_holm_keeps_order_and_unknown_ones() -> None:
    assert holm([0.2, math.nan, 0.01]) == pytest.approx([0.2, math.nan, 0.02], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_random_partitions_of_one_truth_seldom_differ() -> None:
    draw = np.random.default_rng(0)
    found = sum(p_value(draw.normal(size=5).tolist(), 0.25) < 0.05 for _ in range(2000))
    assert found / 2000 < 0.03, "independent folds make the corrected test careful"


def entries(**scores):
    return [Entry(name, list(values)) for name, values in scores.items()]


def test_the_best_comes_first_and_others_are_told_from_it() -> None:
    table = rank(
        entries(good=[0.9, 0.92, 0.91, 0.9, 0.93], near=[0.91, 0.9, 0.9, 0.91, 0.92], bad=[0.5, 0.52, 0.5, 0.51, 0.5]),
        METRICS["accuracy"], 0.25, 0.01,
    )  # fmt: skip
    assert [(entry.name, entry.beside) for entry in table] == [
        ("good", "best"),
        ("near", "not told apart"),
        ("bad", "worse"),
    ]
    assert all(0 <= entry.low <= entry.mean <= entry.high <= 1 for entry in table)


def test_less_is_better_for_errors_and_what_has_no_score_comes_last() -> None:
    table = rank(entries(none=[math.nan] * 2, far=[3.0, 4.0], near=[1.0, 1.5]), METRICS["mae"], 0.25, 0.0)
    assert [entry.name for entry in table] == ["near", "far", "none"]
    assert table[0].low >= 0 and math.isnan(table[2].mean) and table[2].beside == "-"


def test_folds_that_only_one_has_do_not_count_in_a_pair() -> None:
    table = rank(entries(a=[0.9, 0.8, math.nan], b=[0.7, 0.6, 0.1]), METRICS["accuracy"], 0.25, 0.01)
    assert table[1].p == pytest.approx(p_value([0.2, 0.2], 0.25, 0.01))
