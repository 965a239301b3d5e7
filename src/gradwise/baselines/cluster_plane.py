"""Rows on the plane of their two main directions, for a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_POINTS = 2_000  # drawn; more only cover one another
MOST_FITTED = 20_000  # rows that the directions are taken from


def plane(values: Array, *, seed: int) -> tuple[Array, Array, tuple[float, float]]:
    """Principal components of a sample.

    Args:
        values: (N, D).
        seed: of the sample.

    Returns:
        (P,) indices of the rows drawn; (P, 2) where they lie; the shares of the variance on both axes.

    >>> rows, points, shares = plane(np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]]), seed=0)
    >>> np.abs(points[:, 0]).round(2).tolist(), shares
    ([1.33, 0.33, 1.67], (1.0, 0.0))
    """
    random = np.random.default_rng(seed)
    fitted = values
    if len(values) > MOST_FITTED:
        fitted = values[np.sort(random.choice(len(values), MOST_FITTED, replace=False))]
    mean = fitted.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(fitted, rowvar=False, dtype=np.float64)))
    variances, axes = np.maximum(variances[::-1], 0.0), axes[:, ::-1]
    rows = np.arange(len(values))
    if len(values) > MOST_POINTS:
        rows = np.sort(random.choice(len(values), MOST_POINTS, replace=False))
    points = np.zeros((len(rows), 2))
    main = axes[:, :2]
    points[:, : main.shape[1]] = (values[rows] - mean) @ main
    shares = [float(share) for share in variances[:2] / max(variances.sum(), 1e-300)]
    return rows, points, (shares[0], shares[1] if len(shares) > 1 else 0.0)
