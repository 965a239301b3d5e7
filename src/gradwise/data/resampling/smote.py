"""New rows of rare classes are made between a row and one of its nearest neighbours of the same class.

What it is
    Copies of rare rows tell a net nothing that it has not seen.  SMOTE takes a row of the rare class, one of
    its k nearest neighbours in that class, and a point at random on the line between them, as often as rows
    are lacking.

Also called
    smote-nc

Formula
    - ``x_new = x + λ (z − x)``, z one of the k nearest of x's class, λ uniform in [0, 1]
    - columns of categories take the word that most of the k neighbours have, and count in distances by the
      median deviation of the numbers (SMOTE-NC)
    - columns of two values (flags, marks of gaps) take the nearer one

Shapes
    numbers (N, D) and categories (N, C) of a table; distances are those of the standardised columns.

Defaults
    k-neighbors 5 (Chawla and others, section 4.2), fewer for a class with fewer than 6 rows, which is told;
    ratio 1: all classes even.

When
    - a table of numbers, a rare class of some tens or hundreds of rows that lie together
    - a classifier that learns copies by heart, such as a deep tree

When not
    - images, text or series: what lies between two of them is none; take `random-over-sampling`
    - many columns: distances in hundreds of dimensions say little, and new rows have too small a variance
    - rare rows lie among frequent ones: new rows then lie among them too
    - probabilities are used as such: see `prior-correction`

Confused with
    - `random-over-sampling`: copies
    - `borderline-smote`, `adasyn`: choose the rows from which new ones are made
    - `mixup`: mixes rows of all classes and their targets, anew in every batch

Example
    Between the rare rows at 1 and 2, and nowhere else.

    >>> import numpy as np
    >>> from gradwise.data import resampling
    >>> from gradwise.data.examples import Examples, Task
    >>> numbers = np.array([[8], [9], [7], [6], [5], [1], [2]], np.float32)
    >>> rows = Examples({"numbers": numbers}, np.repeat([0, 1], [5, 2]))
    >>> made = resampling.resample("smote", rows, Task("classes", ("y",), ("often", "seldom")), seed=0)
    >>> new = made.examples.inputs["numbers"][7:]
    >>> len(new), bool((1 <= new).all() and (new <= 2).all())
    (3, True)

Claims
    - compared on imbalanced data with over-sampling, under-sampling, class weights and focal loss

References
    Chawla, Bowyer, Hall, Kegelmeyer, SMOTE: Synthetic Minority Over-sampling Technique, arXiv 1106.1813.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwise.data.resampling.between import as_made, has_categories, make_between, snapped
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

NEAREST = 5  # neighbours; Chawla and others, arXiv 1106.1813, section 4.2
NAME = "smote"


def smote(rows: Rows, *, k_neighbors: int | None = None, ratio: float = 1.0) -> Made:
    """All rows, and new ones behind them.

    Args:
        rows: of a table.
        k_neighbors: that a new row may lie towards; None: 5, or all where a class has fewer.
        ratio: least rows of a class over those of the largest, afterwards.

    Raises:
        UsageError: a class with too few rows.
    """
    wanted = grown(rows.counts, ratio)
    near = neighbours(NAME, rows, wanted, k_neighbors, NEAREST)
    if has_categories(rows):
        return _with_categories(rows, wanted, near.each, near.notes)

    def sampler(place: int, count: int) -> Any:
        return imblearn("over_sampling").SMOTE(
            sampling_strategy={place: count}, random_state=rows.seed, k_neighbors=near.each[place]
        )

    numbers, target, _ = make_between(rows, wanted, sampler)
    return as_made(rows, numbers, target, list(near.notes))


def _with_categories(
    rows: Rows, wanted: Mapping[int, int], each: Mapping[int, int], notes: tuple[str, ...]
) -> Made:
    numbers, categories = rows.inputs["numbers"], rows.inputs["categories"]
    columns = np.concatenate([numbers, categories], axis=1, dtype=np.float64)  # ids are exact in float64
    width = numbers.shape[1]
    made, target = [columns[:0]], [rows.target[:0]]
    for place, count in wanted.items():
        sampler = imblearn("over_sampling").SMOTENC(
            list(range(width, columns.shape[1])),
            sampling_strategy={place: count},
            random_state=rows.seed,
            k_neighbors=each[place],
        )
        grown_columns, grown_target = sampler.fit_resample(columns, rows.target)
        made.append(grown_columns[len(columns) :])
        target.append(grown_target[len(columns) :])
    new = np.concatenate(made)
    inputs = {
        "numbers": snapped(new[:, :width].astype(np.float32), numbers),
        "categories": new[:, width:].round().astype(np.int64),
    }
    return Made(np.arange(len(rows.target)), inputs, np.concatenate(target).astype(np.int64), notes)


RESAMPLERS = (
    Resampler(
        NAME,
        smote,
        "new rows between rare ones",
        spans=MappingProxyType({"ratio": RATIO, "k_neighbors": NEIGHBOURS}),
        only=("numbers", "categories"),
        aliases=("smote-nc",),
    ),
)
