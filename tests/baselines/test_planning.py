"""Rows and settings that fit a share of the time."""

from __future__ import annotations

import pytest

from gradwise.baselines.folds import INNER
from gradwise.baselines.planning import Cost, fitting, planned


def test_what_fits_is_taken_whole() -> None:
    plan, told = fitting(Cost(1000, 0.001, 0.0, 1.0, 0.0), 8000, 6, 1000, seconds=60)
    assert (plan.rows, plan.search_rows, plan.settings, told) == (8000, 8000, 6, "")


def test_a_square_cost_leaves_rows_out() -> None:
    cost = Cost(1000, 1.0, 0.0, 2.0, 0.0)
    plan, _ = fitting(cost, 100_000, 1, 1000, seconds=9.0)
    assert 2250 <= plan.rows <= 3000, "three times the rows take nine times as long"
    assert planned(cost, plan, 1000) <= 9.0


def test_settings_are_compared_on_fewer_rows_before_the_fit_loses_any() -> None:
    plan, told = fitting(Cost(1000, 0.01, 0.0, 1.0, 0.0), 50_000, 8, 1000, seconds=1.5)
    assert plan.rows == 50_000 and plan.search_rows == 3_000
    assert told == "settings compared on 3,000 rows"


def test_slow_predictions_count() -> None:
    slow = Cost(1000, 0.0, 0.001, 1.0, 1.0)
    assert slow.seconds(2000, 100) == pytest.approx(0.2)
    plan, _ = fitting(slow, 20_000, 1, 1000, seconds=5.0)
    assert 3000 < plan.rows <= 5000


def test_no_time_leaves_the_usual_setting() -> None:
    plan, told = fitting(Cost(1000, 50.0, 0.0, 1.0, 0.0), 9000, 6, 10, seconds=0.1)
    assert plan.settings == 1 and plan.rows == 200
    assert "usual setting alone" in told


def test_a_search_takes_a_fit_for_every_setting_and_inner_fold() -> None:
    cost = Cost(300, 3.0, 0.0, 1.0, 0.0)
    plan, _ = fitting(cost, 300, 4, 0, seconds=1000)
    assert planned(cost, plan, 0) == pytest.approx(3.0 + 4 * INNER * 2.0)
