"""Rows of different lengths that lie end to end in one array."""

from __future__ import annotations

import numpy as np

from gradwise.data.examples import Array


def starts_of(lengths: Array) -> Array:
    """(N,) position at which every row starts.

    >>> starts_of(np.array([2, 3, 1]))
    array([0, 2, 5])
    """
    starts: Array = np.cumsum(lengths) - lengths
    return starts


def positions_of(starts: Array, lengths: Array) -> Array:
    """Positions of all entries of some rows, one row after the other.

    >>> positions_of(np.array([7, 0]), np.array([2, 3]))
    array([7, 8, 0, 1, 2])
    """
    positions: Array = np.arange(int(lengths.sum())) + np.repeat(starts - starts_of(lengths), lengths)
    return positions
