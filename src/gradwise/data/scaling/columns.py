"""Shift and scale of many columns at once, from what is known of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradwise.data.examples import Array
from gradwise.data.scaling.scaling import Scale, Spread


@dataclass(frozen=True, slots=True)
class Columns:
    """How D columns are scaled.

    Args:
        shift: (D,) taken off.
        scale: (D,) divided by; 0 where a column is constant, and becomes 0 for good.
        gap: (D,) what the mean becomes, put where a value is missing.
    """

    shift: tuple[float, ...]
    scale: tuple[float, ...]
    gap: tuple[float, ...]


def scale_columns(scale: Scale, spreads: Array, constant: Array) -> Columns:
    """How to scale columns.

    Args:
        scale: the scaling.
        spreads: (4, D) mean, deviation, least and largest value of the training rows.
        constant: (D,) whether there is nothing but rounding in a column.
    """
    pairs = [scale.affine(Spread(*column)) for column in spreads.T.tolist()]
    shift, by = (np.array(part) for part in zip(*pairs, strict=True))
    by = np.where(constant, 0.0, by)
    gap = np.divide(spreads[0] - shift, by, out=np.zeros_like(by), where=by > 0)
    return Columns(tuple(shift.tolist()), tuple(by.tolist()), tuple(gap.tolist()))
