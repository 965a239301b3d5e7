"""The class, or the mean, of the rows that lie nearest: nothing is fitted, the training rows are the model.

What it is
    To predict a row, the k training rows with the least distance to it are looked up; the class that most of
    them have, or the mean of their numbers, is the answer.  Any border can come out of that, the more ragged
    the smaller k is.

Also called
    knn, nearest-neighbors, nearest-neighbours

Formula
    - ``‖x − z‖² = ‖x‖² − 2 x·z + ‖z‖²``, the k least over the training rows z
    - the most frequent class, or the mean target, of those

Shapes
    X (N, D) is kept.  A prediction of M rows takes M · N · D, in blocks.

Defaults
    k is searched over 5 (scikit-learn's), 1, 3, 9, 15 and 31; neighbours count alike.  Columns are
    standardised before, else the one with the largest unit decides alone; texts are compared by the angle of
    their weighted words.

When
    - few columns, all of them to the point, and enough rows
    - to see how far likeness alone goes, e.g. on images

When not
    - many columns: all rows are about as far from one another
    - predictions must be fast or the training rows may not be kept
    - some columns are worthless: they count in the distance as much as the others

Confused with
    - `k-means`: groups rows without classes
    - `svm-rbf`: weighs the training rows, and needs few of them

Example
    Of the three nearest to 3, two belong to the second class.

    >>> from gradwise import baselines
    >>> model = baselines.make("k-nn:k=3").fit([[0.0], [2.0], [4.0], [5.0]], [0, 0, 1, 1])
    >>> model.predict([[3.1]]).tolist()
    [1]

Claims
    One may expect much of it where rows are many and columns few, and little where most columns say nothing.

References
    Cover, Hart, Nearest Neighbor Pattern Classification, IEEE Transactions on Information Theory 13, 1967.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwise.baselines.baseline import CLASSES, NUMBERS, Baseline, Case
from gradwise.registry import Span

NEIGHBOURS = (5, 1, 3, 9, 15, 31)  # 5 is scikit-learn's default; odd, so that two classes never draw


def build(case: Case, *, k: int = 5) -> Any:
    """The ``k`` nearest training rows; no more than there are."""
    from gradwise.baselines.nearest import FastKNeighborsClassifier, FastKNeighborsRegressor

    form = FastKNeighborsRegressor if case.kind == "numbers" else FastKNeighborsClassifier
    return form(n_neighbors=k)


def grid(case: Case) -> Sequence[dict[str, Any]]:
    """Few and many neighbours, as far as there are rows."""
    able = [count for count in NEIGHBOURS if count <= max(case.rows // 2, 1)] or [1]
    return [{"k": count} for count in able]


BASELINES = (
    Baseline(
        "k-nn",
        build,
        "the nearest training rows",
        (*CLASSES, *NUMBERS),
        grid,
        aliases=("knn", "nearest-neighbors", "nearest-neighbours"),
        spans={"k": Span(1, whole=True)},
        fit_power=1.1,  # of a tree; of a matrix product it is 0
        predict_power=1.0,
    ),
)
