"""How well ridge regression and nearest neighbours predict rows that were left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Loss = Callable[[Array], Array]  # of residuals, element by element

NEIGHBOURS = 5
PENALTIES = (1.0, 1 / 30, 1.0)  # ridge: 1 row's worth, then shares of the number of rows
LEAST_LEFT = 1e-3  # 1 - leverage is at least this; a row that determines itself says nothing


def standardised(x: Array) -> Array:
    """Columns of mean 0 and standard deviation 1; those that never vary are dropped."""
    spread = x.std(axis=0)
    kept = spread > 1e-6 * max(float(spread.max(initial=0.0)), 1e-30)
    return (x[:, kept] - x[:, kept].mean(axis=0)) / spread[kept]


def ridge_left_out(x: Array, y: Array) -> Iterator[Array]:
    """Predictions (N, D) of ridge regression for each row from all others, for a few penalties.

    Args:
        x: standardised features, shape (N, F).
        y: targets, shape (N, D).

    With H the hat matrix, the residual of row i left out is e_i / (1 - H_ii)
    (Allen's PRESS).  Cost: one eigendecomposition of F x F.
    """
    n = len(x)
    values, vectors = np.linalg.eigh(x.T @ x)
    turned = x @ vectors  # (N, F)
    mean = y.mean(axis=0)
    pulled = turned.T @ (y - mean)  # (F, D)
    for penalty in (PENALTIES[0], PENALTIES[1] * n, PENALTIES[2] * n):
        scale = 1 / (np.maximum(values, 0.0) + penalty)
        fitted = mean + turned @ (scale[:, None] * pulled)
        leverage = 1 / n + (turned**2 * scale).sum(axis=1)
        left = np.maximum(1 - leverage, LEAST_LEFT)
        yield y - (y - fitted) / left[:, None]


def neighbours_left_out(x: Array, y: Array) -> Array:
    """Mean target of the nearest other rows, shape (N, D).  Cost: N x N distances."""
    squares = (x**2).sum(axis=1)
    distances = squares[:, None] + squares[None, :] - 2 * (x @ x.T)
    np.fill_diagonal(distances, np.inf)
    count = min(NEIGHBOURS, len(x) - 1)
    nearest = np.argpartition(distances, count - 1, axis=1)[:, :count]
    means: Array = y[nearest].mean(axis=1)
    return means


def skill(predicted: Array, y: Array, constant: Array, loss: Loss) -> tuple[float, float]:
    """1 - loss / loss of the constant, and its standard error over the rows."""
    mine, theirs = loss(predicted - y).mean(axis=1), loss(constant - y).mean(axis=1)  # (N,)
    base = float(theirs.mean())
    if base <= 0:
        return float("nan"), float("nan")
    ratio = float(mine.mean()) / base
    error = float((mine - ratio * theirs).std()) / len(y) ** 0.5 / base
    return 1 - ratio, error


def lift(right: Array, majority: float) -> tuple[float, float]:
    """Accuracy above the majority share over what is left above it, and its standard error.

    >>> lift(np.array([1.0, 1.0, 1.0, 0.0]), 0.5)[0]
    0.5
    """
    if majority >= 1:
        return float("nan"), float("nan")
    left = 1 - majority
    return (float(right.mean()) - majority) / left, float(right.std()) / len(right) ** 0.5 / left
