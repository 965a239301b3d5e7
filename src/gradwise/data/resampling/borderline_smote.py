"""SMOTE from those rare rows alone that have more frequent than rare rows around them.

What it is
    Rare rows deep among their own kind need no help, and those among frequent rows only are taken for noise.
    New rows are made from the rest: rare rows at the border, which a classifier is most likely to get wrong.

Also called
    border-line-smote, border-smote

Formula
    - m′ of the m nearest neighbours of a rare row x are of other classes; x is at the border where
      ``m / 2 ≤ m′ < m``, and noise where ``m′ = m``
    - ``x_new = x + λ (z − x)`` for x at the border; borderline-1: z one of the k nearest rows of its class, λ
      in [0, 1]; borderline-2: z of any class, and λ in [0, 1/2] where z is of another

Shapes
    numbers (N, D) of a table; distances are those of the standardised columns.

Defaults
    k-neighbors 5, m-neighbors 10, kind borderline-1: imbalanced-learn's; Han and others choose m so that
    about half of the rare rows are at the border.

When
    - the classes touch, and errors lie along the border

When not
    - classes are well apart: no row is at the border, nothing is made, and the fit says so
    - labels near the border are wrong: those rows are what it multiplies
    - there are columns of categories: take `smote`

Confused with
    - `smote`: makes new rows from all rare ones
    - `adasyn`: from all too, but more where there are more frequent neighbours

Example
    Of the rare rows 0, 1 and 4 only the last has frequent neighbours; new rows begin there.

    >>> import numpy as np
    >>> from gradwise.data import resampling
    >>> from gradwise.data.examples import Examples, Task
    >>> numbers = np.array([[0], [1], [4], [5], [9], [10], [11], [12], [13]], np.float32)
    >>> rows = Examples({"numbers": numbers}, np.repeat([0, 1], [3, 6]))
    >>> task = Task("classes", ("y",), ("seldom", "often"))
    >>> name = "borderline-smote:m-neighbors=2,k-neighbors=1"
    >>> new = resampling.resample(name, rows, task, seed=0).examples.inputs["numbers"][9:]
    >>> len(new), bool((1 <= new).all() and (new <= 4).all())
    (3, True)

Claims
    - none of its own; where classes overlap expect more hits among rare rows than with `smote`, and more
      false alarms

References
    Han, Wang, Mao, Borderline-SMOTE: A New Over-Sampling Method in Imbalanced Data Sets Learning, ICIC 2005.
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
from gradwise.errors import UsageError

NEAREST = 5  # neighbours that new rows lie towards; Chawla and others, arXiv 1106.1813, section 4.2
AROUND = 10  # neighbours that tell whether a row is at the border; imbalanced-learn's default
KINDS = ("borderline-1", "borderline-2")
NAME = "borderline-smote"


def borderline_smote(
    rows: Rows,
    *,
    k_neighbors: int | None = None,
    m_neighbors: int = AROUND,
    kind: str = KINDS[0],
    ratio: float = 1.0,
) -> Made:
    """All rows, and new ones behind them; a class without a row at the border stays as it is.

    Args:
        rows: of a table of numbers.
        k_neighbors: that a new row may lie towards; None: 5, or all where a class has fewer.
        m_neighbors: that tell whether a row is at the border.
        kind: ``borderline-1`` or ``borderline-2``.
        ratio: least rows of a class over those of the largest, afterwards.

    Raises:
        UsageError: a class with too few rows.
    """
    if m_neighbors >= len(rows.target):
        raise UsageError(
            f"--resample {NAME}: {m_neighbors} neighbours need {m_neighbors + 1} training rows, and there "
            f"are {len(rows.target)}; write {NAME}:m-neighbors=3, or give more rows."
        )
    wanted = grown(rows.counts, ratio)
    near = neighbours(NAME, rows, wanted, k_neighbors, NEAREST)

    def sampler(place: int, count: int) -> Any:
        return imblearn("over_sampling").BorderlineSMOTE(
            sampling_strategy={place: count},
            random_state=rows.seed,
            k_neighbors=near.each[place],
            m_neighbors=m_neighbors,
            kind=kind,
        )

    numbers, target, stayed = make_between(rows, wanted, sampler)
    notes = [f"{word!r} stays: none of its rows is at the border" for word in stayed]
    return as_made(rows, numbers, target, [*near.notes, *notes])


RESAMPLERS = (
    Resampler(
        NAME,
        borderline_smote,
        "new rows from rare ones at the border",
        spans=MappingProxyType({"ratio": RATIO, "k_neighbors": NEIGHBOURS, "m_neighbors": NEIGHBOURS}),
        words=MappingProxyType({"kind": KINDS}),
        only=("numbers",),
        aliases=("border-line-smote", "border-smote"),
    ),
)
