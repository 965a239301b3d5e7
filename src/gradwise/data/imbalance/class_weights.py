"""Every class gets a weight in the loss, so that rare classes count as much as frequent ones.

What it is
    The loss of a row is multiplied by a weight of its class that grows as the class gets rarer.  No row is
    left out or repeated; training costs what it cost before.

Formula
    - classes: ``w_c = n / (K n_c)``, n rows in K classes, n_c of class c; their mean over the rows is 1
    - labels: ``w_k = (rows without k) / (rows with k)``, on the rows where label k is true
    - with shares π before, a net learns ``p′(c|x) ∝ p(c|x) / π_c``

Shapes
    one weight for each of K classes or labels.

Defaults
    `gradwise fit` weighs classes where the largest has more than 10 times the rows of the smallest
    (Amazon SageMaker Debugger's rule); ``--class-weights yes`` or ``no`` decides otherwise.

When
    - the first thing to try: it is free, and works for data of every kind

When not
    - a rare class has a few rows only: their weights are so large that single steps shake the training, and
      `balanced-batches` spreads them
    - probabilities are used as such: see `prior-correction`
    - together with `random-over-sampling` or balanced batches: rare rows would count twice

Confused with
    - `random-over-sampling`: the same mean gradient, with more rows
    - `focal`: weighs by how hard a row is, not by its class

Example
    A class with a tenth of the rows counts nine times as much by row.

    >>> from gradwise.data.imbalance import balancing_weights
    >>> weights, ratio = balancing_weights("classes", [90, 10], 100)
    >>> [round(weight, 2) for weight in weights], ratio
    ([0.56, 5.0], 9.0)

Claims
    - compared on imbalanced data with focal loss, over-sampling, under-sampling and SMOTE

References
    King, Zeng, Logistic Regression in Rare Events Data, Political Analysis 9, 2001.
"""

from __future__ import annotations

from collections.abc import Sequence


def balancing_weights(kind: str, counts: Sequence[int], rows: int) -> tuple[tuple[float, ...], float]:
    """Weights that make rare classes count as much as frequent ones, and the worst ratio of counts.

    ``classes``: rows / (classes * count), as scikit-learn's ``balanced`` (King, Zeng 2001); a class without
    rows has weight 1.  ``labels``: false over true rows, the weight of a label's presence.

    >>> balancing_weights("classes", [90, 10], 100)
    ((0.5555555555555556, 5.0), 9.0)
    """
    if kind == "labels":
        ratios = [(rows - count) / count if 0 < count < rows else 1.0 for count in counts]
        return tuple(ratios), max([max(ratio, 1 / ratio) for ratio in ratios], default=1.0)
    present = [count for count in counts if count > 0]
    weights = tuple(sum(present) / (len(present) * count) if count > 0 else 1.0 for count in counts)
    return weights, max(present) / min(present) if present else 1.0
