"""Which rows and columns of a batch are NaN or infinite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

MOST_NAMED = 8  # rows and columns that are listed


def bad_places(inputs: Mapping[str, Tensor]) -> dict[str, Any]:
    """Where the first broken input is broken; {} where none is.

    Args:
        inputs: what the first layers got, named ``input...``, shape (rows, columns) or
            (rows, channels, ...).

    Returns:
        ``bad_shape``, ``bad_rows`` and ``bad_columns`` (the first few, dimension 0 and 1; the
        last one of series), ``bad_values`` (how many numbers), ``bad_row_count`` and
        ``bad_column_count``.
    """
    for name, tensor in inputs.items():
        if not name.startswith("input") or not tensor.is_floating_point() or tensor.dim() < 2:
            continue
        bad = ~torch.isfinite(tensor.detach())
        if not bool(bad.any()):
            continue
        column = bad.dim() - 1 if bad.dim() == 3 else 1
        rows = _along(bad, 0)
        columns = _along(bad, column)
        return {
            "bad_shape": list(tensor.shape),
            "bad_rows": rows[:MOST_NAMED],
            "bad_columns": columns[:MOST_NAMED],
            "bad_row_count": len(rows),
            "bad_column_count": len(columns),
            "bad_values": int(bad.sum().item()),
        }
    return {}


def _along(bad: Tensor, dim: int) -> list[int]:
    found: list[int] = bad.movedim(dim, 0).flatten(1).any(dim=1).nonzero().flatten().tolist()
    return found
