"""Silhouettes of many groupings of the same rows at once: distances are computed once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.baselines.blocks import in_blocks

Array = NDArray[Any]


def silhouettes(rows: Array, groupings: Sequence[Array]) -> list[Array]:
    """``(b - a) / max(a, b)`` of every row: a its mean distance to its own cluster, b to the next one.

    1: far from all others; 0: between two clusters; below 0: nearer to another one.  A row that is alone
    in its cluster has 0 (Rousseeuw, Journal of Computational and Applied Mathematics 20, 1987).

    Args:
        rows: (N, D).
        groupings: each (N,) int, cluster of every row; any numbers.

    Returns:
        Each (N,) float64; 0 where all rows are in one cluster.

    >>> silhouettes(np.array([[0.0], [1.0], [9.0], [10.0]]), [np.array([0, 0, 1, 1])])[0].round(2).tolist()
    [0.89, 0.88, 0.88, 0.89]
    """
    count = len(rows)
    points = np.asarray(rows, np.float64) - rows.mean(axis=0, dtype=np.float64)
    squares = np.einsum("ij,ij->i", points, points)
    coded = [np.unique(grouping, return_inverse=True)[1] for grouping in groupings]
    belongs = [np.eye(codes.max() + 1)[codes] for codes in coded]  # each (N, clusters)
    ends = np.cumsum([0, *(each.shape[1] for each in belongs)])
    every = np.concatenate(belongs, axis=1)
    sizes = every.sum(axis=0)
    found = [np.zeros(count) for _ in groupings]

    def measure(at: slice) -> None:
        distances = points[at] @ (-2 * points.T)
        distances += squares[at, None]
        distances += squares
        np.sqrt(np.maximum(distances, 0.0, out=distances), out=distances)
        distances[np.arange(at.stop - at.start), np.arange(at.start, at.stop)] = 0.0  # rounding, else
        sums = distances @ every  # (rows of the block, all clusters)
        for number, codes in enumerate(coded):
            part = slice(ends[number], ends[number + 1])
            found[number][at] = _of_sums(sums[:, part], sizes[part], codes[at])

    in_blocks(measure, count, 8 * count)
    return found


def _of_sums(sums: Array, sizes: Array, codes: Array) -> Array:
    """Silhouettes from sums of distances to the rows of every cluster."""
    if len(sizes) < 2:
        return np.zeros(len(codes))
    rows = np.arange(len(codes))
    own = sizes[codes]
    inside = sums[rows, codes] / np.maximum(own - 1, 1)
    means = sums / sizes
    means[rows, codes] = np.inf
    outside = means.min(axis=1)
    larger = np.maximum(inside, outside)
    told = np.divide(outside - inside, larger, out=np.zeros(len(codes)), where=larger > 0)
    return np.where(own > 1, told, 0.0)
