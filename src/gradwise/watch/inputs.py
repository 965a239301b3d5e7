"""What enters the model: batch size, scale of the features, non-finite values."""

from __future__ import annotations

import torch
from torch import Tensor

from gradwise.watch.pack import Pack

MAX_ROWS = 256  # samples looked at
MAX_ELEMENTS = 1 << 16


def measure_input(place: str, x: Tensor, pack: Pack) -> None:
    """Statistics of a model's first floating-point input.  Cost: one pass over at most 65,536 numbers."""
    pack.number("batch_size", place, float(x.shape[0]) if x.dim() else 1.0)
    if not x.is_floating_point() or x.numel() == 0 or x.is_sparse:
        return
    rows = x.detach()
    if rows.dim() and len(rows) > MAX_ROWS:
        rows = rows[:MAX_ROWS]
    if rows.dim() and rows.numel() > 2 * MAX_ELEMENTS:
        rows = rows[: max(2, len(rows) * MAX_ELEMENTS // rows.numel())]
    rows = rows.float()
    finite = torch.isfinite(rows)
    pack.scalar("input_nonfinite", place, rows.numel() - torch.count_nonzero(finite))
    clean = torch.where(finite, rows, torch.zeros((), device=rows.device))
    if clean.numel() < 2:
        return
    std, mean = torch.std_mean(clean)
    pack.scalar("input_mean", place, mean)
    pack.scalar("input_std", place, std)
    pack.scalar("input_absmax", place, clean.abs().amax())
    pack.scalar("input_rms", place, clean.square().mean().sqrt())
    column = 1 if clean.dim() == 4 else clean.dim() - 1
    if clean.dim() >= 2 and len(clean) >= 2 and clean.shape[column] > 1:
        others = [d for d in range(clean.dim()) if d != column]
        spread = clean.std(dim=others)  # (columns,)
        widest = spread.amax()
        varying = torch.where(spread > 1e-6 * widest, spread, widest)
        pack.scalar("input_column_ratio", place, widest / varying.amin().clamp(min=1e-30))
