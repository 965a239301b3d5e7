"""Least squares with a price on the squares of the weights, which pulls all of them towards 0.

What it is
    Where columns say nearly the same, least squares answers with huge weights of opposite signs, and the next
    sample would bring others.  A price on Σ w² makes the weights small and steady: a little bias for much
    less variance.  No weight becomes exactly 0.

Also called
    ridge-regression, tikhonov

Formula
    - the least ``Σ (y − x·w − b)² + α Σ w²``; b is free
    - ``w = (XᵀX + α I)⁻¹ Xᵀ y`` on centred columns

Shapes
    X (N, D), w (D, targets).  Time grows with N · D² + D³.

Defaults
    α is searched over 1, 0.01, 0.1, 10, 100, 1000: the powers of ten around scikit-learn's default of 1.
    Columns are standardised before, else α would weigh them by their units.

When
    - columns are many or say the same things
    - as the linear model to be beaten

When not
    - most columns are worthless and it should be seen which: `lasso`
    - the target bends: `polynomial`, `svr`, a net

Confused with
    - `lasso`: absolute values instead of squares, and exact zeros
    - `weight-decay` of a net: the same pull, taken at every step

Example
    One centred column: w = Σ x y / (Σ x² + α) = 4 / (2 + 2).

    >>> from gradwise import baselines
    >>> model = baselines.make("ridge:alpha=2", "numbers").fit([[-1], [0], [1]], [-2, 0, 2])
    >>> round(float(model.coef_[0]), 6)
    1.0

Claims
    - squares shrink weights and leave none at 0

References
    Hoerl, Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, Technometrics 12, 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwise.baselines.baseline import NUMBERS, Baseline, Case
from gradwise.registry import Span

ALPHAS = (1.0, 0.01, 0.1, 10.0, 100.0, 1000.0)  # around the default of scikit-learn's Ridge, 1


def build(case: Case, *, alpha: float = 1.0) -> Any:
    """Least squares with a price of ``alpha`` on squared weights."""
    from sklearn.linear_model import Ridge

    return Ridge(alpha=alpha, random_state=case.seed if case.words else None)


def grid(case: Case) -> Sequence[dict[str, Any]]:  # noqa: ARG001  the form of all grids
    """Powers of ten."""
    return [{"alpha": alpha} for alpha in ALPHAS]


BASELINES = (
    Baseline(
        "ridge",
        build,
        "least squares with small weights",
        NUMBERS,
        grid,
        aliases=("ridge-regression", "tikhonov"),
        spans={"alpha": Span(0)},
    ),
)
