"""Numbers on what enters a loss: how far samples differ, what rows of targets sum to."""

from __future__ import annotations

import torch
from torch import Tensor

from gradwise.watch.pack import Pack


def rows_alike(function: str, prediction: Tensor, pack: Pack) -> None:
    """How far the predictions of a batch lie apart.  Cost: one pass over what is looked at."""
    if prediction.dim() == 0 or len(prediction) < 2:
        return
    spread = torch.linalg.vector_norm(prediction - prediction.mean(dim=0)) / prediction.numel() ** 0.5
    pack.scalar("output_sample_std", function, spread)


def sums(function: str, targets: Tensor, pack: Pack, dim: int) -> None:
    """Whether real targets are whole numbers, and what their rows sum to.  Cost: two small passes."""
    rows = targets.float()
    pack.scalar("target_whole_share", function, (rows == rows.round()).float().mean())
    if rows.dim() >= 2:
        low, high = torch.aminmax(rows.sum(dim=dim))
        pack.scalar("target_row_sum_min", function, low)
        pack.scalar("target_row_sum_max", function, high)
