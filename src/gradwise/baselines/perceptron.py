"""A plane between classes that is moved by every row that lies on its wrong side.

What it is
    The oldest of the models that learn by steps.  A row on the right side changes nothing; one on the wrong
    side is added to the weights or taken off them.  Where a plane parts the classes it finds one after
    finitely many mistakes; where none does, it never comes to rest and is stopped.

Also called
    rosenblatt-perceptron

Formula
    - ``ŷ = sign(x·w + b)``, y in {−1, 1}
    - where ``y (x·w + b) ≤ 0``: ``w ← w + y x``, ``b ← b + y``
    - of several classes one against the others each

Shapes
    X (N, D), w (classes, D).  Each pass takes N · D · classes.

Defaults
    No price on the weights, or one on their squares with α 0.0001 (scikit-learn's) or 0.001, whichever does
    best in the search; at most 1,000 passes, ended when the loss has not fallen by 0.001 in five.

When
    - to see what the simplest of all learners does
    - rows come one by one

When not
    - probabilities are wanted: `logistic-regression`
    - no plane parts the classes: its last plane is as good as chance made it; `svm-linear` has a best one

Confused with
    - `svm-linear`: of all planes the one with the widest margin
    - a net of several layers, which is often called so too
    - `logistic-regression`: every row has a say, those far on the right side a small one

Example
    A plane parts the two classes, so it ends without mistakes.

    >>> from gradwise import baselines
    >>> model = baselines.make("perceptron").fit([[0, 0], [0, 1], [2, 0], [2, 1]], [0, 0, 1, 1])
    >>> model.predict([[0, 0.5], [2, 0.5]]).tolist()
    [0, 1]

Claims
    One may expect the scores of other linear models where a plane parts the classes, and unsteady ones
    elsewhere.

References
    - Rosenblatt, The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain,
      Psychological Review 65, 1958
    - Novikoff, On Convergence Proofs for Perceptrons, Symposium on the Mathematical Theory of Automata, 1962
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwise.baselines.baseline import CLASSES, Baseline, Case
from gradwise.registry import Span

PRICES = (0.0, 0.0001, 0.001)  # α of squared weights; 0.0001 is scikit-learn's default
MOST_PASSES = 1_000  # scikit-learn's default


def build(case: Case, *, alpha: float = 0.0) -> Any:
    """The perceptron, with a price of ``alpha`` on squared weights."""
    from sklearn.linear_model import Perceptron

    penalty = {"penalty": "l2", "alpha": alpha} if alpha else {}
    return Perceptron(max_iter=MOST_PASSES, random_state=case.seed, class_weight=case.weight, **penalty)


def grid(case: Case) -> Sequence[dict[str, Any]]:  # noqa: ARG001  the form of all grids
    """Without a price and with two."""
    return [{"alpha": price} for price in PRICES]


BASELINES = (
    Baseline(
        "perceptron",
        build,
        "a plane moved by mistakes",
        CLASSES,
        grid,
        aliases=("rosenblatt-perceptron",),
        spans={"alpha": Span(0)},
    ),
)
