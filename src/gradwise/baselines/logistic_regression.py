"""Probabilities of classes from weighted sums of the columns: a linear model for classes.

What it is
    Each class gets a weighted sum of the columns; softmax makes probabilities of the sums.  The weights are
    those under which the classes seen are likeliest, with a price on their squares.  The border between two
    classes is a plane.

Also called
    logit, softmax-regression, maximum-entropy

Formula
    - ``p(k) = exp(x·w_k + b_k) / Σ_j exp(x·w_j + b_j)``
    - the least ``−C Σ log p(class of the row) + ½ Σ w²``

Shapes
    X (N, D), w (classes, D).  Each step of the solver takes N · D · classes.

Defaults
    C is searched over 1, 0.01, 0.1, 10, 100: the middle of the ten from 1e-4 to 1e4 that scikit-learn's
    LogisticRegressionCV takes.  L-BFGS, at most 1,000 steps.  Classes weigh the same where the comparison is
    by balanced accuracy.

When
    - as the first model of classes: whatever is more complicated must beat it
    - probabilities are wanted: they are well calibrated
    - columns are many beside the rows (Ng's rule of thumb: then this or a linear kernel, else RBF)

When not
    - classes are no two sides of a plane: `svm-rbf`, `k-nn`, a net

Confused with
    - `linear-regression`: for numbers
    - `perceptron`: the same plane, found by its mistakes, without probabilities
    - `svm-linear`: looks at the rows next to the border alone

Example
    Two points on either side: halfway between, both classes are as likely.

    >>> from gradwise import baselines
    >>> model = baselines.make("logistic-regression").fit([[0.0], [2.0]], [0, 1])
    >>> round(float(model.predict_proba([[1.0]])[0, 1]), 3)
    0.5

Claims
    - the rule of thumb for it or an SVM goes by rows and columns

References
    - Cox, The Regression Analysis of Binary Sequences, Journal of the Royal Statistical Society B 20, 1958
    - Byrd, Lu, Nocedal, Zhu, A Limited Memory Algorithm for Bound Constrained Optimization, SIAM Journal on
      Scientific Computing 16, 1995
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwise.baselines.baseline import CLASSES, Baseline, Case
from gradwise.registry import Span

PRICES = (1.0, 0.01, 0.1, 10.0, 100.0)  # C; the middle of scikit-learn's LogisticRegressionCV
MOST_STEPS = 1_000  # ten times scikit-learn's default, which standardised columns seldom need


def build(case: Case, *, c: float = 1.0) -> Any:
    """Softmax of weighted sums; the larger ``c``, the freer the weights."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=MOST_STEPS, class_weight=case.weight)


def grid(case: Case) -> Sequence[dict[str, Any]]:  # noqa: ARG001  the form of all grids
    """Powers of ten."""
    return [{"c": price} for price in PRICES]


BASELINES = (
    Baseline(
        "logistic-regression",
        build,
        "a linear model with probabilities",
        CLASSES,
        grid,
        aliases=("logit", "softmax-regression", "maximum-entropy"),
        spans={"c": Span(0, beyond=True)},
    ),
)
