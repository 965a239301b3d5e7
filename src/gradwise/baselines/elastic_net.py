"""Least squares with a price on both the size and the squares of the weights.

What it is
    `lasso` takes one of several columns that go together, by chance; `ridge` keeps all of them and all others
    too.  With both prices, columns that go together are kept or left out together.

Also called
    l1-l2-regression

Formula
    - the least ``Σ (y − x·w − b)² / (2 N) + α (r Σ |w| + (1 − r) / 2 · Σ w²)``
    - r = 1 is `lasso`, r = 0 is `ridge` with its α over N

Shapes
    X (N, D), w (D, targets).  Each round over the columns takes N · D.

Defaults
    α as for `lasso` over 0.01, 0.0001, 0.001, 0.1, 1 with columns and target standardised; r (`l1-ratio`)
    over 0.5, 0.1, 0.9, some of those that scikit-learn's ElasticNetCV names.  At most 2,000 rounds.

When
    - many columns, of which groups go together: gene expression, spectra, sensors side by side
    - more columns than rows: `lasso` keeps at most N of them, this may keep more

When not
    - few columns: `ridge` or plain least squares

Confused with
    - `elastic`: the same prices in the training of a net

Example
    Two equal columns share the weight evenly.

    >>> from gradwise import baselines
    >>> model = baselines.make("elastic-net:alpha=0.1,l1_ratio=0.5", "numbers")
    >>> one, other = model.fit([[-1, -1], [1, 1]], [-1, 1]).regressor_.coef_
    >>> bool(abs(one - other) < 1e-3), round(float(one + other), 2)
    (True, 0.93)

Claims
    - with a price on squares beside that on sizes, columns that go together are kept together

References
    Zou, Hastie, Regularization and Variable Selection via the Elastic Net, Journal of the Royal Statistical
    Society B 67, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwise.baselines.baseline import NUMBERS, Baseline, Case
from gradwise.baselines.lasso import ALPHAS, MOST_ROUNDS, products_first
from gradwise.registry import Span

RATIOS = (0.5, 0.1, 0.9)  # of those that the page of scikit-learn's ElasticNetCV names


def build(case: Case, *, alpha: float = 0.01, l1_ratio: float = 0.5) -> Any:
    """Least squares with a price of ``alpha`` on weights; the target is standardised."""
    from sklearn.linear_model import ElasticNet

    from gradwise.baselines.targets import standardised

    model = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, max_iter=MOST_ROUNDS, precompute=products_first(case))
    return standardised(model)


def grid(case: Case) -> Sequence[dict[str, Any]]:  # noqa: ARG001  the form of all grids
    """Every α with every share of absolute values."""
    return [{"alpha": alpha, "l1_ratio": ratio} for ratio in RATIOS for alpha in ALPHAS]


BASELINES = (
    Baseline(
        "elastic-net",
        build,
        "least squares with few and small weights",
        NUMBERS,
        grid,
        aliases=("l1-l2-regression",),
        spans={"alpha": Span(0, beyond=True), "l1_ratio": Span(0, 1, beyond=True)},
    ),
)
