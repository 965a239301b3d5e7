"""Mean, spread and range of the columns of what enters a model, gathered over batches.

A column is the last dimension of a table or series, and a channel of images.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gradwise.watch.prints import first_rows

MAX_COLUMNS = 256  # of a wider input this many, evenly spread, are followed


def column_parts(x: Tensor) -> Tensor | None:
    """Mean, variance, smallest and largest value of each column, flat, shape (4 * columns,).

    Of the same rows as the prints; non-finite numbers count as 0.  None where
    there is nothing to measure.  Cost: one pass over those rows.
    """
    if not x.is_floating_point() or x.dim() not in (2, 3, 4) or x.numel() == 0 or x.is_sparse:
        return None
    rows = first_rows(x)
    column = 1 if rows.dim() == 4 else rows.dim() - 1
    table = rows.movedim(column, -1)
    table = table[..., :: -(-table.shape[-1] // MAX_COLUMNS)].reshape(-1, _kept(rows.shape[column])).float()
    if len(table) < 2:
        return None
    table = torch.nan_to_num(table, nan=0.0, posinf=0.0, neginf=0.0)
    var, mean = torch.var_mean(table, dim=0, correction=0)
    low, high = torch.aminmax(table, dim=0)
    return torch.cat((mean, var, low, high))


def _kept(columns: int) -> int:
    stride = -(-columns // MAX_COLUMNS)
    return -(-columns // stride)


class Columns:
    """Columns over many batches, added up in float64."""

    def __init__(self) -> None:
        self.batches = 0
        self._mean: NDArray[np.float64] = np.zeros(0)
        self._square: NDArray[np.float64] = np.zeros(0)
        self._low: NDArray[np.float64] = np.zeros(0)
        self._high: NDArray[np.float64] = np.zeros(0)
        self._weight = 0.0
        self._shift: NDArray[np.float64] = np.zeros(0)

    def add(self, parts: NDArray[np.float32], rows: int) -> None:
        """One batch: what `column_parts` gave, and how many rows it was of."""
        mean, var, low, high = parts.astype(np.float64).reshape(4, -1)
        if len(mean) != len(self._mean):  # another kind of input: begin again
            self.batches, self._weight = 0, 0.0
            self._shift = mean.copy()  # squares are taken about the first mean, or digits would be lost
            self._mean, self._square = np.zeros(len(mean)), np.zeros(len(mean))
            self._low, self._high = low.copy(), high.copy()
        away = mean - self._shift
        self._mean += rows * away
        self._square += rows * (var + away**2)
        self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)
        self._weight += rows
        self.batches += 1

    def told(self) -> dict[str, Any]:
        """Lists of ``mean``, ``std``, ``low`` and ``high``, a number per column; {} before any batch."""
        if not self.batches:
            return {}
        mean = self._mean / self._weight
        std = np.sqrt(np.maximum(self._square / self._weight - mean**2, 0.0))
        lists = {"mean": mean + self._shift, "std": std, "low": self._low, "high": self._high}
        return {name: [float(f"{value:.9g}") for value in values] for name, values in lists.items()}
