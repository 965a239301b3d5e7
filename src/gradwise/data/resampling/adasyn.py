"""SMOTE that makes more new rows from those rare rows that have more frequent rows around them.

What it is
    Every rare row gets a share of the new rows: the more of its nearest neighbours are of other classes, the
    larger.  So the hard regions of a rare class are filled and the easy ones left alone.

Formula
    - ``r_i = (neighbours of x_i of other classes) / k``, and ``r̂_i = r_i / Σ r``
    - ``round(r̂_i G)`` new rows from x_i, G rows lacking: ``x_new = x_i + λ (z − x_i)``, z one of the
      k nearest rows of its class, λ uniform in [0, 1]

Shapes
    numbers (N, D) of a table; distances are those of the standardised columns.

Defaults
    k-neighbors 5: imbalanced-learn's, and SMOTE's, on which the paper builds.  Rounding by row lets the
    classes differ a little in the end.

When
    - the rare class is scattered, and some parts of it are much harder than others

When not
    - single rare rows lie among frequent ones by mistake: they get the most new rows of all
    - classes are well apart: no rare row has a neighbour of another class, nothing is made, the fit says so
    - there are columns of categories: take `smote`

Confused with
    - `borderline-smote`: rows at the border all count the same, and those among other classes only not at all
    - boosting: gives weight by errors of a model, not by neighbours

Example
    The rare row at 4 is the only one with a frequent row beside it: all new rows begin there.

    >>> import numpy as np
    >>> from gradwise.data import resampling
    >>> from gradwise.data.examples import Examples, Task
    >>> numbers = np.array([[0], [1], [4], [5], [9], [10], [11], [12], [13]], np.float32)
    >>> rows = Examples({"numbers": numbers}, np.repeat([0, 1], [3, 6]))
    >>> task = Task("classes", ("y",), ("seldom", "often"))
    >>> new = resampling.resample("adasyn:k-neighbors=1", rows, task, seed=0).examples.inputs["numbers"][9:]
    >>> len(new), bool((1 <= new).all() and (new <= 4).all())
    (3, True)

Claims
    - none of its own; expect about what `smote` gives, and more false alarms where classes overlap

References
    He, Bai, Garcia, Li, ADASYN: Adaptive Synthetic Sampling Approach for Imbalanced Learning, IJCNN 2008.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from gradwise.data.resampling.between import as_made, make_between
from gradwise.data.resampling.resampler import (
    NEIGHBOURS,
    RATIO,
    Made,
    Resampler,
    Rows,
    grown,
    imblearn,
    neighbours,
)

NEAREST = 5  # neighbours; imbalanced-learn's default, and that of SMOTE (arXiv 1106.1813, section 4.2)
NAME = "adasyn"


def adasyn(rows: Rows, *, k_neighbors: int | None = None, ratio: float = 1.0) -> Made:
    """All rows, and new ones behind them; a class without a neighbour of another stays as it is.

    Args:
        rows: of a table of numbers.
        k_neighbors: that are counted, and that a new row may lie towards; None: 5, or all where a class has
            fewer.
        ratio: least rows of a class over those of the largest, afterwards, about.

    Raises:
        UsageError: a class with too few rows.
    """
    wanted = grown(rows.counts, ratio)
    near = neighbours(NAME, rows, wanted, k_neighbors, NEAREST)

    def sampler(place: int, count: int) -> Any:
        return imblearn("over_sampling").ADASYN(
            sampling_strategy={place: count}, random_state=rows.seed, n_neighbors=near.each[place]
        )

    numbers, target, stayed = make_between(rows, wanted, sampler)
    notes = [f"{word!r} stays: none of its rows has a neighbour of another class" for word in stayed]
    return as_made(rows, numbers, target, [*near.notes, *notes])


RESAMPLERS = (
    Resampler(
        NAME,
        adasyn,
        "new rows where rare ones are hard",
        spans=MappingProxyType({"ratio": RATIO, "k_neighbors": NEIGHBOURS}),
        only=("numbers",),
    ),
)
