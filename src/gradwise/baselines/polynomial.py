"""Least squares on the columns, their powers and their products, with a small price on the weights.

What it is
    A curve is a straight line in x, x², x³: the columns are multiplied with one another up to a degree, and a
    linear model takes the products as columns.  Products of different columns are interactions: the effect of
    one depends on the other.

Also called
    polynomial-regression

Formula
    - all products ``x₁^a · x₂^b · …`` with ``1 ≤ a + b + … ≤ degree``
    - the least ``Σ (y − ŷ)² + α Σ w²`` on them

Shapes
    From D columns come (D + degree)! / (D! · degree!) − 1: 65 of 10 columns at degree 2, 285 at degree 3.

Defaults
    degree is searched over 2 and 3, α over 1, 0.01, 100; the products are standardised.  Products beyond
    2,000 are not made: a degree that would need more is left out, and the model where degree 2 would.

When
    - few columns and a target that bends
    - it should be seen which products matter

When not
    - many columns: the products outnumber the rows
    - beyond the range of the training rows, where powers run away
    - degrees above 3: `svr` or a net bend more gently

Confused with
    - `svm:kernel=poly`: the same products, never written out
    - `linear-regression`: degree 1

Example
    Points on y = x².

    >>> from gradwise import baselines
    >>> model = baselines.make("polynomial:degree=2,alpha=0", "numbers", columns=1)
    >>> answer = model.fit([[-2], [-1], [0], [1]], [4, 1, 0, 1]).predict([[3]])
    >>> round(float(answer[0]), 6)
    9.0

Claims
    One may expect gains over a line where few columns act together, and losses where columns are many.

References
    Gergonne, Application de la méthode des moindres quarrés à l'interpolation des suites, Annales de
    mathématiques pures et appliquées 6, 1815.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb
from typing import Any

from gradwise.baselines.baseline import NUMBERS, Baseline, Case
from gradwise.registry import Span

DEGREES = (2, 3)
ALPHAS = (1.0, 0.01, 100.0)
MOST_TERMS = 2_000  # columns; their products with one another take 32 MB


def build(case: Case, *, degree: int = 2, alpha: float = 1.0) -> Any:  # noqa: ARG001  the form of all builders
    """Products up to ``degree``, standardised, and least squares with a price of ``alpha``."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    products = PolynomialFeatures(degree, include_bias=False)
    return make_pipeline(products, StandardScaler(), Ridge(alpha=alpha))


def terms(columns: int, degree: int) -> int:
    """Products of so many columns.

    >>> terms(10, 2), terms(10, 3)
    (65, 285)
    """
    return comb(columns + degree, degree) - 1


def grid(case: Case) -> Sequence[dict[str, Any]]:
    """Degrees that stay within `MOST_TERMS`, each with every price."""
    able = [degree for degree in DEGREES if terms(case.columns, degree) <= MOST_TERMS] or [DEGREES[0]]
    return [{"degree": degree, "alpha": alpha} for degree in able for alpha in ALPHAS]


def refuses(case: Case, options: Mapping[str, Any]) -> str:
    """Counts of words, and too many products."""
    if case.words:
        return "products of words are too many"
    degree = options.get("degree", DEGREES[0])
    count = terms(case.columns, degree)
    if count <= MOST_TERMS:
        return ""
    held = f"{case.columns:,} columns have {count:,} products at degree {degree}"
    return f"{held}; at most {MOST_TERMS:,} are made"


BASELINES = (
    Baseline(
        "polynomial",
        build,
        "least squares on products of columns",
        NUMBERS,
        grid,
        aliases=("polynomial-regression",),
        spans={"degree": Span(1, 10, whole=True), "alpha": Span(0)},
        refuses=refuses,
        most_rows=lambda case: max(1, 50_000_000 // terms(case.columns, DEGREES[0])),  # 400 MB
    ),
)
