"""Numbers as a weighted sum of the columns, with the weights of the least squared error.

What it is
    The weights for which the squared distances between prediction and target add up to the least.  They are
    found at once, without steps and without settings, and each tells by how much the prediction moves when
    its column moves by one.

Also called
    ols, least-squares

Formula
    - ``ŷ = x·w + b``
    - ``w, b`` with the least ``Σ (y − ŷ)²``; of several equally good ones the shortest ``w``

Shapes
    X (N, D), w (D, targets).  Time grows with N · D², memory with N · D.

Defaults
    None: there is nothing to choose, so nothing is searched.

When
    - as the first model of numbers: whatever is more complicated must beat it
    - the weights are to be read
    - there are many more rows than columns

When not
    - there are about as many columns as rows, or columns say the same: weights run away; take `ridge`
    - the target bends: take `polynomial`, `svr` or a net
    - a few rows lie far off: squares give them all the weight

Confused with
    - `ridge`: pulls the weights towards 0
    - `logistic-regression`: for classes
    - a linear layer trained by steps: ends at the same weights, later

Example
    Three points on y = 2 x + 1.

    >>> from gradwise import baselines
    >>> model = baselines.make("linear-regression", "numbers").fit([[0], [1], [2]], [1, 3, 5])
    >>> [round(float(number), 6) for number in (*model.coef_, model.intercept_)]
    [2.0, 1.0]

Claims
    One may expect the scores of `ridge` where rows are many, and worse ones where columns are.

References
    Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 2nd edition, Springer 2009, 3.2.
"""

from __future__ import annotations

from typing import Any

from gradwise.baselines.baseline import NUMBERS, Baseline, Case


def build(case: Case) -> Any:  # noqa: ARG001  the form of all builders
    """Least squares, by singular values."""
    from sklearn.linear_model import LinearRegression

    return LinearRegression()


BASELINES = (
    Baseline(
        "linear-regression",
        build,
        "least squares",
        NUMBERS,
        aliases=("ols", "least-squares"),
    ),
)
