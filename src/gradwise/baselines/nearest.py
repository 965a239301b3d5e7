"""Nearest neighbours of many rows by matrix products: a rough search in float32, an exact choice in float64.

The estimators here are scikit-learn's with the search replaced where that pays (`WORTH_IT`).

What is returned is exact.  A first pass gives every distance up to the rounding of float32, whose worst case
is known (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1: a dot product of D terms errs
by at most about D·u·Σ|xᵢyᵢ|).  All rows that may be among the nearest within that error are measured again in
float64.

Ties: where the k-th and the next neighbour are equally far, within the rounding of float64, scikit-learn's
choice goes by the order of the training rows and of its own work.  Such rows are handed to scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

from gradwise.baselines.blocks import BUDGET, in_blocks, slices

Array = NDArray[Any]

WORTH_IT = 500_000_000  # multiplications of a whole search; below, scikit-learn takes less than about 0.1 s
MOST_ROWS = 65_536  # training rows at once; more only lengthen the rows of distances
MOST_NEIGHBOURS = 64  # beyond, the groups below hold few rows each and the rough search rules out little
GROUPS = 512  # of training rows; the least distance of each group bounds the k-th nearest
CROWDED = 32  # candidates of a row per neighbour wanted; beyond, float32 cannot tell the rows apart
CACHED = 2**20  # bytes of a block of training rows being prepared; it should stay in the core's own cache
PAIRS_BYTES = 16 * 2**20  # of differences measured at once
FAR = np.float32(1e30)  # stands for rows that are not there
U32, U64 = 2.0**-24, 2.0**-53  # unit roundoff


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest training rows of every query.

    Args:
        distances: (N, k) float64, rising.
        indices: (N, k) int64; equally far ones in the order of the training rows.
        unsure: (N,) bool: a further row is as far as the last one, within rounding.
    """

    distances: Array
    indices: Array
    unsure: Array


def nearest(queries: Array, rows: Array, k: int, *, budget: int = BUDGET) -> Neighbours:
    """The ``k`` nearest of ``rows`` for every query, by Euclidean distance.

    Args:
        queries: (N, D) finite numbers.
        rows: (M, D) finite numbers, M ≥ k.
        k: neighbours wanted.
        budget: bytes of intermediate results.

    >>> found = nearest(np.array([[0.9]]), np.array([[0.0], [1.0], [3.0]]), 2)
    >>> found.indices.tolist(), found.distances.round(3).tolist()
    ([[1, 0]], [[0.1, 0.9]])
    """
    best = np.full((len(queries), k + 1), np.inf)
    index = np.full((len(queries), k + 1), -1, np.int64)
    crowded = np.zeros(len(queries), bool)
    for part in slices(len(rows), MOST_ROWS):
        block = _Block.of(rows[part], part.start)

        def search(at: slice, block: _Block = block) -> None:
            squares, found, many = block.closest(queries[at], k + 1)
            crowded[at] |= many
            squares = np.concatenate([best[at], squares], axis=1)
            found = np.concatenate([index[at], found], axis=1)
            order = np.lexsort((found, squares), axis=-1)[:, : k + 1]
            best[at] = np.take_along_axis(squares, order, axis=1)
            index[at] = np.take_along_axis(found, order, axis=1)

        in_blocks(search, len(queries), 5 * block.width + 8 * queries.shape[1], budget=budget)
    rounding = 4 * queries.shape[1] * U64 * (_squares(queries) + _squares(rows).max())
    unsure = crowded | (best[:, k] <= best[:, k - 1] + rounding)
    return Neighbours(np.sqrt(best[:, :k]), index[:, :k], unsure)


@dataclass(frozen=True, slots=True)
class _Block:
    """Training rows in float32, about their mean and in a unit that keeps their squares in range.

    With ``right`` = (y, |y|²/2) and (-x, 1) on the left, one product gives |y|²/2 - x·y, which rises with the
    distance of x and y.
    """

    rows: Array  # (M, D) as given
    right: Array  # (width, D + 1) float32; width is M filled up to a multiple of the groups
    centre: Array  # (D,) float64
    unit: float
    longest: float  # root of the largest |y|², in units
    first: int
    groups: int

    @classmethod
    def of(cls, rows: Array, first: int) -> _Block:
        count, columns = rows.shape
        centre = rows.mean(axis=0, dtype=np.float64)
        unit = max(float((rows.max(axis=0) - centre).max()), float((centre - rows.min(axis=0)).max())) or 1.0
        groups = min(GROUPS, count)
        right = np.zeros((-(-count // groups) * groups, columns + 1), np.float32)

        def fill(at: slice) -> None:
            part = (rows[at] - centre) * (1 / unit)
            right[at, :-1] = part
            right[at, -1] = _squares(part) / 2

        in_blocks(fill, count, 8 * columns, budget=CACHED)
        longest = float(np.sqrt(2 * right[:count, -1].max()))
        right[count:, -1] = FAR
        return cls(rows, right, centre, unit, longest, first, groups)

    @property
    def width(self) -> int:
        return len(self.right)

    def closest(self, queries: Array, k: int) -> tuple[Array, Array, Array]:
        """(N, k) squared distances and row numbers, inf where there are fewer; (N,) which have too many."""
        left = np.empty((len(queries), queries.shape[1] + 1), np.float32)
        left[:, :-1] = (self.centre - queries) / self.unit
        left[:, -1] = 1
        scores = left @ self.right.T  # (N, width)
        least = scores.reshape(len(queries), -1, self.groups).min(axis=1)
        last = min(k, self.groups) - 1
        bound = np.partition(least, last, axis=1)[:, last] if k <= self.groups else np.full(len(queries), FAR)
        lengths = np.sqrt(_squares(left[:, :-1]))
        terms = queries.shape[1] + 8
        slack = 2 * terms * U32 * self.longest * (lengths + self.longest)
        near = scores <= (bound + slack).astype(np.float32)[:, None]
        many = np.count_nonzero(near, axis=1) > CROWDED * k
        near[many] = False
        query, row = np.divmod(np.flatnonzero(near), self.width)
        kept = row < len(self.rows)
        query, row = query[kept], row[kept]
        return *_sorted(self._measured(queries, query, row), query, row + self.first, len(queries), k), many

    def _measured(self, queries: Array, query: Array, row: Array) -> Array:
        """(P,) float64 squared distance of every pair."""
        squares = np.empty(len(query))
        for part in slices(len(query), max(1, PAIRS_BYTES // (8 * queries.shape[1]))):
            squares[part] = _squares(
                np.subtract(queries[query[part]], self.rows[row[part]], dtype=np.float64)
            )
        return squares


def _sorted(squares: Array, query: Array, row: Array, count: int, k: int) -> tuple[Array, Array]:
    """Pairs by query as (count, k) squared distances and rows, the nearest first."""
    order = np.lexsort((row, squares, query))
    squares, query, row = squares[order], query[order], row[order]
    place = np.arange(len(query)) - np.searchsorted(query, query)  # among those of the same query
    kept = place < k
    table = np.full((count, k), np.inf)
    rows = np.full((count, k), -1, np.int64)
    table[query[kept], place[kept]] = squares[kept]
    rows[query[kept], place[kept]] = row[kept]
    return table, rows


def _squares(rows: Array) -> Array:
    """(N,) float64: sum of squares of every row."""
    return np.asarray(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))


class _Fast:
    """Replaces ``kneighbors`` where that pays."""

    n_neighbors: int
    effective_metric_: Any
    _fit_X: Any  # noqa: N815  scikit-learn's name
    _fit_method: str

    def _pays(self, rows: Any, k: int) -> bool:
        """Whether the search is one for matrix products: dense, by brute force, Euclidean, and large."""
        check_is_fitted(self)
        known = self._fit_X
        if self._fit_method != "brute" or self.effective_metric_ != "euclidean":
            return False
        if not (isinstance(known, np.ndarray) and known.dtype.kind in "fiu" and k < len(known)):
            return False
        if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.dtype.kind not in "fiu":
            return False
        return k <= MOST_NEIGHBOURS and len(rows) * known.size >= WORTH_IT

    def kneighbors(self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True) -> Any:  # noqa: N803
        """Distances (N, k) of the nearest training rows and their numbers; see scikit-learn."""
        slow = cast("Any", super()).kneighbors
        check_is_fitted(self)
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        if not isinstance(k, int | np.integer) or k < 1 or not self._pays(X, int(k)):
            return slow(X, n_neighbors, return_distance)
        queries = validate_data(self, X, reset=False, order="C")
        found = nearest(queries, self._fit_X, int(k))
        if found.unsure.any():
            again = slow(queries[found.unsure], k)
            found.distances[found.unsure], found.indices[found.unsure] = again
        return (found.distances, found.indices) if return_distance else found.indices


class FastKNeighborsClassifier(_Fast, KNeighborsClassifier):  # type: ignore[misc]
    """scikit-learn's classifier by nearest neighbours with the same labels, sooner on large dense data.

    >>> x = np.array([[0.0], [1.0], [5.0]])
    >>> FastKNeighborsClassifier(1).fit(x, ["a", "a", "b"]).predict([[4.0]])
    array(['b'], dtype='<U1')
    """

    def predict(self, X: Any) -> Any:  # noqa: N803
        """(N,) labels; of equally many votes the first class."""
        votes = self._votes(X)
        return super().predict(X) if votes is None else self.classes_[votes.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """(N, classes) share of the neighbours."""
        votes = self._votes(X)
        return super().predict_proba(X) if votes is None else votes / self.n_neighbors

    def _votes(self, X: Any) -> Array | None:  # noqa: N803
        """(N, classes) neighbours of each class; None where scikit-learn's own way is to be gone.

        With weights that way asks `kneighbors`, and so is as fast.
        """
        check_is_fitted(self)
        if self.weights not in ("uniform", None) or self.outputs_2d_ or X is None:
            return None
        if not self._pays(X, int(self.n_neighbors)):
            return None
        named = self._y[self.kneighbors(X, return_distance=False)]
        return np.stack([(named == name).sum(axis=1) for name in range(len(self.classes_))], axis=1)


class FastKNeighborsRegressor(_Fast, KNeighborsRegressor):  # type: ignore[misc]
    """scikit-learn's regressor by nearest neighbours, sooner on large dense data."""
