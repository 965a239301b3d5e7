"""Simple models on rows left out, against leaving each row out in turn and fitting again."""

from __future__ import annotations

import numpy as np
import pytest

from gradwise.watch.left_out import (
    NEIGHBOURS,
    PENALTIES,
    lift,
    neighbours_left_out,
    ridge_left_out,
    skill,
    standardised,
)


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    x = random.standard_normal((40, 5)) * [1, 10, 0.1, 3, 0] + 2
    y = x[:, :2] @ random.standard_normal((2, 3)) + random.standard_normal((40, 3))
    return x, y


def test_columns_that_never_vary_are_dropped(rows) -> None:
    x = standardised(rows[0])
    assert x.shape == (40, 4)
    assert np.abs(x.mean(axis=0)).max() < 1e-12
    assert x.std(axis=0) == pytest.approx(1)


def test_ridge_equals_fitting_without_the_row(rows) -> None:
    x, y = standardised(rows[0]), rows[1]
    n = len(x)
    for found, penalty in zip(
        ridge_left_out(x, y), (PENALTIES[0], PENALTIES[1] * n, PENALTIES[2] * n), strict=True
    ):
        for i in (0, 7, n - 1):
            others = np.arange(n) != i
            # One column of ones that is not penalised; x is centred over all rows, as the reader's is.
            a = np.hstack([x[others], np.ones((n - 1, 1))])
            fine = np.diag([penalty] * x.shape[1] + [0.0])
            fitted = np.linalg.solve(a.T @ a + fine, a.T @ y[others])
            expected = np.append(x[i], 1.0) @ fitted
            assert found[i] == pytest.approx(expected, rel=1e-8)


def test_neighbours_are_the_nearest_others(rows) -> None:
    x, y = standardised(rows[0]), rows[1]
    found = neighbours_left_out(x, y)
    for i in (0, 13):
        distance = np.linalg.norm(x - x[i], axis=1)
        distance[i] = np.inf
        assert found[i] == pytest.approx(y[np.argsort(distance)[:NEIGHBOURS]].mean(axis=0))


def test_skill_and_its_error_follow_the_spread_over_rows() -> None:
    random = np.random.default_rng(0)
    scores, errors = [], []
    for _ in range(200):
        y = random.standard_normal((150, 1))
        predicted = y + 0.6 * random.standard_normal((150, 1))
        score, error = skill(predicted, y, np.zeros(1), np.square)
        scores.append(score)
        errors.append(error)
    assert np.mean(scores) == pytest.approx(1 - 0.36, abs=0.01)
    assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.2)


def test_lift_is_nothing_where_there_is_one_class() -> None:
    assert np.isnan(lift(np.ones(4), 1.0)[0])
    assert lift(np.array([1.0, 1.0, 1.0, 0.0]), 0.5) == (0.5, pytest.approx(np.sqrt(3) / 4))
