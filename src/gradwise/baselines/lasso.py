"""Least squares with a price on the size of the weights, which sets many of them to exactly 0.

What it is
    A price on Σ |w| pulls every weight by the same amount, however small it is, so those that are not worth
    it end at 0: the model chooses its columns.  The larger α, the fewer are left.

Also called
    l1-regression

Formula
    - the least ``Σ (y − x·w − b)² / (2 N) + α Σ |w|``
    - solved column by column: ``w ← sign(c) · max(|c| − α, 0)``, c the column's mean product with what the
      other columns leave

Shapes
    X (N, D), w (D, targets).  Each round over the columns takes N · D.

Defaults
    α is searched over 0.01, 0.0001, 0.001, 0.1, 1, with columns and target standardised.  On this scale all
    weights are 0 from α = 1 on, and glmnet's path ends at 0.0001 of that (Friedman, Hastie, Tibshirani 2010,
    section 2.5, and the package's `lambda.min.ratio`).  At most 2,000 rounds.

When
    - there are many columns and only some are thought to matter
    - it should be seen which columns are used

When not
    - columns go together: it takes one of them by chance; `elastic-net` shares among them
    - the score alone counts and all columns help a little: `ridge`

Confused with
    - `ridge`: squares, and no exact zeros
    - `l1`: the same price in the training of a net

Example
    Standardised x and y = x: w = 1 − α.

    >>> from gradwise import baselines
    >>> model = baselines.make("lasso:alpha=0.25", "numbers").fit([[-1], [1]], [-1, 1])
    >>> round(float(model.regressor_.coef_[0]), 6)
    0.75

Claims
    - sets weights to exactly 0, where squares only shrink them

References
    - Tibshirani, Regression Shrinkage and Selection via the Lasso, Journal of the Royal Statistical Society B
      58, 1996
    - Friedman, Hastie, Tibshirani, Regularization Paths for Generalized Linear Models via Coordinate Descent,
      Journal of Statistical Software 33, 2010
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwise.baselines.baseline import NUMBERS, Baseline, Case
from gradwise.registry import Span

ALPHAS = (0.01, 0.0001, 0.001, 0.1, 1.0)  # glmnet's path: from all weights 0 down to 1e-4 of it
MOST_ROUNDS = 2_000  # twice scikit-learn's default
MANY_ROWS = 10_000  # from here on the products of columns are computed once and not in every round


def build(case: Case, *, alpha: float = 0.01) -> Any:
    """Least squares with a price of ``alpha`` on absolute weights; the target is standardised."""
    from sklearn.linear_model import Lasso

    from gradwise.baselines.targets import standardised

    model = Lasso(alpha=alpha, max_iter=MOST_ROUNDS, precompute=products_first(case))
    return standardised(model)


def products_first(case: Case) -> bool:
    """Whether XᵀX is cheaper than going through all rows in every round."""
    return not case.words and case.rows >= max(MANY_ROWS, 10 * case.columns)


def grid(case: Case) -> Sequence[dict[str, Any]]:  # noqa: ARG001  the form of all grids
    """Along glmnet's path."""
    return [{"alpha": alpha} for alpha in ALPHAS]


BASELINES = (
    Baseline(
        "lasso",
        build,
        "least squares with few weights",
        NUMBERS,
        grid,
        aliases=("l1-regression",),
        spans={"alpha": Span(0, beyond=True)},
    ),
)
