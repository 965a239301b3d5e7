"""Predictions of support vector machines by matrix products: the same numbers, many rows at a time.

libsvm computes the kernel of one row and one support vector at a time, on one core.  Here a block of rows
meets all support vectors in one product of matrices in float64.  Decisions differ from libsvm's by rounding
alone; where that could turn a label, `predict` asks libsvm for those rows.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import SVC, SVR
from sklearn.utils.validation import check_is_fitted, validate_data

from gradwise.baselines.blocks import in_blocks

Array = NDArray[Any]

KERNELS = ("linear", "poly", "rbf", "sigmoid")
WORTH_IT = 20_000_000  # multiplications of a prediction; below, libsvm takes less than about 0.02 s
U = 2.0**-53  # unit roundoff of float64


class Kernel:
    """A kernel of rows and support vectors.

    Args:
        name: of `KERNELS`.
        vectors: (V, D) support vectors.
        gamma: factor of the product or of the squared distance.
        degree: of ``poly``.
        coef0: added before the power or the tangent.

    >>> Kernel("rbf", np.array([[0.0], [2.0]]), gamma=0.5)(np.array([[0.0]])).round(4).tolist()
    [[1.0, 0.1353]]
    """

    def __init__(
        self, name: str, vectors: Array, *, gamma: float, degree: int = 3, coef0: float = 0.0
    ) -> None:
        self.name, self.gamma, self.degree, self.coef0 = name, gamma, degree, coef0
        # Distances do not change by a shift, and lose less to rounding about the centre.
        self.centre = vectors.mean(axis=0) if name == "rbf" else None
        vectors = vectors if self.centre is None else vectors - self.centre
        self.vectors = np.ascontiguousarray(vectors)
        self.squares = np.einsum("ij,ij->i", self.vectors, self.vectors)

    def __call__(self, rows: Array) -> Array:
        """(N, V) of ``rows`` (N, D)."""
        if self.centre is not None:
            return self._rbf(rows - self.centre)
        values: Array = rows @ self.vectors.T
        if self.name == "linear":
            return values
        values *= self.gamma
        values += self.coef0
        return _power(values, self.degree) if self.name == "poly" else np.tanh(values, out=values)

    def _rbf(self, rows: Array) -> Array:
        """exp(-γ|x - v|²) from |x|² + |v|² - 2x·v, which rounding may make negative."""
        values: Array = (2 * self.gamma * rows) @ self.vectors.T
        values -= self.gamma * self.squares
        values -= self.gamma * np.einsum("ij,ij->i", rows, rows)[:, None]
        np.minimum(values, 0.0, out=values)
        return np.exp(values, out=values)

    def uncertainty(self, rows: Array, values: Array) -> Array:
        """(N,) bound of the rounding errors of a row's ``values``, libsvm's and these together."""
        if self.centre is not None:
            rows = rows - self.centre
        squares = np.einsum("ij,ij->i", rows, rows)
        largest = float(self.squares.max())
        terms = 4 * U * (rows.shape[1] + 4)
        if self.name == "rbf":
            return np.asarray(terms * (1 + self.gamma * (squares + largest)) * values.max(axis=1))
        product: Array = np.sqrt(squares * largest)
        if self.name == "linear":
            return np.asarray(terms * product)
        inner: Array = self.gamma * product + abs(self.coef0)
        return np.asarray(terms * (inner if self.name == "sigmoid" else self.degree * inner**self.degree))


def _power(values: Array, degree: int) -> Array:
    """``values`` to a whole power by repeated squaring, which is faster than logarithms."""
    made: Array | None = None
    while degree:
        if degree & 1:
            made = values.copy() if made is None else np.multiply(made, values, out=made)
        degree >>= 1
        if degree:
            np.multiply(values, values, out=values)
    return np.ones_like(values) if made is None else made


class _Fast:
    """What both machines below share."""

    kernel: Any
    degree: int
    coef0: float
    dual_coef_: Any
    support_vectors_: Any
    _gamma: float

    def _kernel(self) -> Kernel:
        gamma, coef0 = float(self._gamma), float(self.coef0)
        return Kernel(self.kernel, self.support_vectors_, gamma=gamma, degree=int(self.degree), coef0=coef0)

    def _pays(self, rows: Any) -> bool:
        """Whether this is a dense prediction, large, by a kernel with a name."""
        check_is_fitted(self)
        if not (isinstance(self.kernel, str) and self.kernel in KERNELS):
            return False
        if not isinstance(self.dual_coef_, np.ndarray) or not self.support_vectors_.size:
            return False
        if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.dtype.kind not in "fiub":
            return False
        return len(rows) * int(self.support_vectors_.size) >= WORTH_IT

    def _checked(self, rows: Any) -> Array:
        checked: Array = validate_data(
            self, rows, dtype=np.float64, order="C", accept_large_sparse=False, reset=False
        )
        return checked

    def _sums(self, rows: Any, coefs: list[Array], places: list[slice]) -> tuple[list[Array], Array]:
        """Kernel values times coefficients, summed over the support vectors.

        Args:
            rows: (N, D) as given.
            coefs: each (S, V_i), for the support vectors in its place.
            places: of the support vectors.

        Returns:
            Each (N, S); and (N,) a bound of the rounding errors of a decision.
        """
        checked, kernel = self._checked(rows), self._kernel()
        weight = float(sum(np.abs(coef).sum() for coef in coefs))
        sums = [np.empty((len(checked), len(coef))) for coef in coefs]
        error = np.empty(len(checked))
        linear = kernel.name == "linear"  # the sum over the vectors may come first
        if linear:
            coefs = [coef @ kernel.vectors[place] for coef, place in zip(coefs, places, strict=True)]

        def work(at: slice) -> None:
            values = checked[at] if linear else kernel(checked[at])
            for total, coef, place in zip(sums, coefs, places, strict=True):
                total[at] = (values if linear else values[:, place]) @ coef.T
            largest = np.abs(values).max(axis=1) if not linear else 0.0
            adding = 2 * U * len(kernel.vectors) * largest
            error[at] = weight * (kernel.uncertainty(checked[at], values) + adding)

        width = checked.shape[1] if linear else 2 * len(kernel.vectors)
        in_blocks(work, len(checked), 8 * (width + checked.shape[1]))
        return sums, error


class FastSVC(_Fast, SVC):  # type: ignore[misc]
    """scikit-learn's classifier by support vectors with the same labels, sooner on many dense rows.

    >>> x = np.array([[-1.0], [-2.0], [1.0], [2.0]])
    >>> FastSVC(kernel="linear").fit(x, [0, 0, 1, 1]).predict([[3.0]]).tolist()
    [1]
    """

    def decision_function(self, X: Any) -> Any:  # noqa: N803
        """(N,) of two classes; else (N, classes), or (N, pairs of classes) for the shape ``ovo``."""
        if not self._pays(X):
            return super().decision_function(X)
        pairs, error = self._pairs(X)
        if len(self.classes_) == 2:
            return -pairs[:, 0]
        if self.decision_function_shape == "ovo":
            return pairs
        told = confidence(pairs, len(self.classes_))
        unsure = np.abs(pairs).min(axis=1) <= error  # a vote might go to the other class
        if unsure.any():
            told[unsure] = super().decision_function(np.asarray(X)[unsure])
        return told

    def predict(self, X: Any) -> Any:  # noqa: N803
        """(N,) labels; rows whose decision is zero within rounding get theirs from libsvm."""
        if not self._pays(X) or (self.break_ties and self.decision_function_shape == "ovo"):
            return super().predict(X)
        pairs, error = self._pairs(X)
        unsure = np.abs(pairs).min(axis=1) <= error
        if self.break_ties and len(self.classes_) > 2:
            sure = confidence(pairs, len(self.classes_))
            elected = sure.argmax(axis=1)
            best = np.partition(sure, -2, axis=1)[:, -2:]
            unsure |= best[:, 1] - best[:, 0] <= len(self.classes_) * error
        else:
            elected = _elected(pairs, len(self.classes_))
        labels = self.classes_[elected]
        if unsure.any():
            labels[unsure] = super().predict(np.asarray(X)[unsure])
        return labels

    def _pairs(self, rows: Any) -> tuple[Array, Array]:
        """(N, pairs) decisions for the first class of every pair, and (N,) the bound of their errors."""
        classes = len(self.classes_)
        sign = -1.0 if classes == 2 else 1.0  # scikit-learn turns the signs of two classes round
        coef, shift = sign * self.dual_coef_, sign * self.intercept_
        ends = np.cumsum(self.n_support_)
        places = [slice(end - held, end) for end, held in zip(ends, self.n_support_, strict=True)]
        parts, error = self._sums(rows, [coef[:, place] for place in places], places)
        made = [parts[one][:, other - 1] + parts[other][:, one] for one, other in _all_pairs(classes)]
        return np.stack(made, axis=1) + shift, error + U * float(np.abs(shift).max())


class FastSVR(_Fast, SVR):  # type: ignore[misc]
    """scikit-learn's regressor by support vectors, sooner on many dense rows."""

    def predict(self, X: Any) -> Any:  # noqa: N803
        """(N,) numbers."""
        if not self._pays(X):
            return super().predict(X)
        sums, _ = self._sums(X, [self.dual_coef_], [slice(None)])
        return sums[0][:, 0] + self.intercept_[0]


def _all_pairs(classes: int) -> list[tuple[int, int]]:
    """Pairs of classes in libsvm's order.

    >>> _all_pairs(3)
    [(0, 1), (0, 2), (1, 2)]
    """
    return list(combinations(range(classes), 2))


def _elected(pairs: Array, classes: int) -> Array:
    """(N,) class with most votes over all pairs, the first of equals, as libsvm counts."""
    votes = np.zeros((len(pairs), classes), np.int64)
    for number, (one, other) in enumerate(_all_pairs(classes)):
        first = pairs[:, number] > 0
        votes[:, one] += first
        votes[:, other] += ~first
    return np.asarray(votes.argmax(axis=1))


def confidence(pairs: Array, classes: int) -> Array:
    """(N, classes) one number for each class: its votes, and less than half a vote for its decisions' sum.

    It is what scikit-learn calls the one-vs-rest shape of the decision function.

    Args:
        pairs: (N, pairs) decisions for the first class of each pair.
        classes: how many there are.

    >>> confidence(np.array([[2.0, 0.5, -1.0]]), 3).round(3).tolist()
    [[2.238, -0.25, 1.111]]
    """
    votes, sums = (np.zeros((len(pairs), classes)) for _ in range(2))
    for number, (one, other) in enumerate(_all_pairs(classes)):
        decision = pairs[:, number]
        sums[:, one] += decision
        sums[:, other] -= decision
        votes[:, one] += decision >= 0
        votes[:, other] += decision < 0
    made: Array = votes + sums / (3 * (np.abs(sums) + 1))
    return made
