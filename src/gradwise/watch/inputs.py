"""What enters the model: batch size, scale of the features, non-finite values."""

from __future__ import annotations

import torch
from torch import Tensor

from gradwise.watch.pack import Pack
from gradwise.watch.prints import first_rows

MAX_ROWS = 256  # samples looked at
MAX_ELEMENTS = 1 << 16
FEWEST_IN_ROW = 8  # numbers in a row that can be blank by mistake


def measure_input(place: str, x: Tensor, pack: Pack) -> None:
    """Statistics of a model's first floating-point input.  Cost: one pass over at most 65,536 numbers."""
    pack.number("batch_size", place, float(x.shape[0]) if x.dim() else 1.0)
    _blank(place, x, pack)
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


def _blank(place: str, x: Tensor, pack: Pack) -> None:
    """Share of rows that hold one value all over."""
    if x.is_sparse or x.is_complex() or x.is_quantized or x.dim() < 2 or x.numel() < FEWEST_IN_ROW * len(x):
        return
    rows = first_rows(x)
    rows = rows.reshape(len(rows), -1)
    alike = (rows == rows[:, :1]).all(dim=1)  # NaN differs from itself
    pack.scalar("input_blank_share", place, alike.float().mean())
