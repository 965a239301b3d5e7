"""Some cells of a table are replaced by those of other rows, column by column.

What it is
    A net that may not trust any single cell learns how columns hang together.  What is put in is a real value
    of that column, so its distribution stays, categories and all.

Also called
    swap

Formula
    ``y(n, d) = x(m, d)`` with probability p, m a row of the batch drawn for each cell; else ``x(n, d)``

Shapes
    (N, D) numbers and (N, C) categories stay; so does the target.

Defaults
    p 0.15 (the usual rate of denoising nets on tables since the winning entry of Porto Seguro, Kaggle 2017;
    SCARF, section 4, corrupts 0.6 where it learns without labels).

When
    - tables with columns that tell the same more than once
    - overfitting, and no idea what else keeps the label

When not
    - few columns, one of which decides alone: with it swapped the label is wrong
    - columns that belong together (a date in three columns)

Confused with
    - `noise`: moves values, and knows no categories
    - permutation importance: swaps a column in evaluation, to see what it matters

Example
    Every value stays in its column.

    >>> import torch
    >>> from gradwise import augment
    >>> table = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    >>> swapped, _ = augment.make("swap-noise:p=0.5")(table, torch.zeros(3))
    >>> set(swapped[:, 0].tolist()) <= {1.0, 2.0, 3.0}, set(swapped[:, 1].tolist()) <= {10.0, 20.0, 30.0}
    (True, True)

Claims
    - augmentation helps small data, where the change keeps the label

References
    Bahri, Jiang, Tay, Metzler, SCARF: Self-Supervised Contrastive Learning using Random Feature Corruption,
    arXiv 2106.15147.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gradwise.augment.augmentation import Augmentation, Change, Inputs, number


@dataclass(frozen=True, kw_only=True)
class SwapNoise(Change):
    """Cells of other rows.

    Args:
        p: probability for each cell.
    """

    p: float = 0.15

    def __post_init__(self) -> None:
        number("swap-noise", "p", self.p, 0, 1)

    def __call__(self, inputs: Inputs, generator: torch.Generator | None) -> Inputs:
        """See `Change`."""
        return tuple(self._swapped(each, generator) for each in inputs)

    def _swapped(self, cells: Tensor, generator: torch.Generator | None) -> Tensor:
        rows = len(cells)
        other = torch.randint(rows, cells.shape, generator=generator)
        own = torch.arange(rows).unsqueeze(1).expand(cells.shape)
        chosen = torch.rand(cells.shape, generator=generator) < self.p
        return cells.gather(0, torch.where(chosen, other, own).to(cells.device))


AUGMENTATIONS = (Augmentation("swap-noise", SwapNoise, ("table",), "cells of other rows", aliases=("swap",)),)
