"""Gradient, weight and true update norms per parameter, around an optimizer step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gradwise.watch.pack import Pack

MAX_COPIED = 1 << 18  # elements; of larger parameters every k-th is compared, the norm scaled by sqrt(k)
ROWS_SAMPLES = 12  # sampled steps in which every matrix's rows are compared
ROWS_ALIKE = 1e-2  # later only matrices whose rows were this alike
MAX_ROWS, MAX_COLUMNS = 128, 128  # part of a matrix in which rows are compared


@dataclass
class ParameterRecord:
    """What is kept between the moments before and after an optimizer step."""

    before: list[tuple[str, Tensor, Tensor, float]] = field(default_factory=list)  # name, p, copy, scale
    row_spread: dict[str, float] = field(default_factory=dict)
    tables: frozenset[str] = frozenset()  # embeddings: their units are columns, a row is an id


def _compared(p: Tensor) -> tuple[Tensor, float]:
    """The part of a parameter that is compared, and what to multiply its norm by."""
    flat = p.detach().reshape(-1) if p.is_contiguous() else p.detach().flatten()
    stride = -(-flat.numel() // MAX_COPIED)
    return (flat, 1.0) if stride <= 1 else (flat[::stride], stride**0.5)


def before_step(
    optimizer: Any, names: Mapping[int, str], record: ParameterRecord, pack: Pack, sample: int
) -> None:
    """Norms of gradients and weights, and a copy to compare with.  Cost: two passes and a copy."""
    record.before.clear()
    named: list[tuple[str, Tensor]] = []
    for group in optimizer.param_groups:
        for p in group["params"]:
            name = names.get(id(p))
            if name is not None and p.numel() and not p.is_meta:
                named.append((name, p))
    scale = _unscale(optimizer)
    dense: list[tuple[str, Tensor]] = []
    for name, p in named:
        g = p.grad
        if g is None:
            continue
        if g.is_sparse:
            pack.scalar("grad_norm", name, g.detach().coalesce().values().float().norm() * scale)
        else:
            dense.append((name, g.detach()))
    for (name, _), norm in zip(dense, _norms([g for _, g in dense]), strict=True):
        pack.scalar("grad_norm", name, norm if scale == 1.0 else norm * scale)
    for (name, _), norm in zip(named, _norms([p.detach() for _, p in named]), strict=True):
        pack.scalar("weight_norm", name, norm)
    for name, p in named:
        part, factor = _compared(p)
        record.before.append((name, p, part.clone(), factor))
        known = record.row_spread.get(name)
        if (
            p.dim() >= 2
            and p.shape[0] > 1
            and (sample < ROWS_SAMPLES or (known is not None and known < ROWS_ALIKE))
        ):
            _rows(name, p, pack, table=name in record.tables)


def after_step(record: ParameterRecord, pack: Pack) -> None:
    """Norm of what the optimizer really changed."""
    changes = []
    for _, p, copy, _ in record.before:
        part, _ = _compared(p)
        changes.append(part - copy)
    for (name, _, _, factor), norm in zip(record.before, _norms(changes), strict=True):
        pack.scalar("update_norm", name, norm if factor == 1.0 else norm * factor)
    record.before.clear()


def keep_row_spread(record: ParameterRecord, values: Mapping[tuple[str, str], float]) -> None:
    """Remember which matrices have rows alike, so that they are looked at again."""
    for (signal, place), value in values.items():
        if signal == "weight_rows":
            record.row_spread[place] = value


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    if not tensors:
        return []
    if any(t.is_complex() for t in tensors):
        return [torch.linalg.vector_norm(t).float() for t in tensors]
    return list(torch._foreach_norm(tensors))


def _rows(name: str, p: Tensor, pack: Pack, *, table: bool) -> None:
    pack.scalar("weight_rows", name, unit_spread(name, p.detach(), table=table))
    if p.grad is not None and not p.grad.is_sparse:
        pack.scalar("grad_rows", name, unit_spread(name, p.grad.detach(), table=table))


def unit_spread(name: str, matrix: Tensor, *, table: bool = False) -> Tensor:
    """How far the units of a matrix differ: its rows, or its columns where those may be the units.

    torch's own layers keep one unit per row and call the matrix ``weight...``;
    a hand-made matrix is as often used as ``x @ W``, one unit per column, and so
    is an embedding, a ``table`` of one row per id.
    """
    if table:
        return row_spread(matrix.T)
    spread = row_spread(matrix)
    if matrix.dim() == 2 and matrix.shape[1] > 1 and not name.rpartition(".")[2].startswith("weight"):
        spread = torch.minimum(spread, row_spread(matrix.T))
    return spread


def row_spread(matrix: Tensor) -> Tensor:
    """Largest difference of any row to the first, over the largest entry; 0 = all rows alike.

    >>> row_spread(torch.ones(3, 4)).item(), row_spread(torch.tensor([[2.0], [1.0]])).item()
    (0.0, 0.5)
    """
    part = matrix.flatten(1)[:MAX_ROWS, :MAX_COLUMNS].float()
    return (part - part[:1]).abs().amax() / (part.abs().amax() + 1e-30)


def _unscale(optimizer: Any) -> float:
    """Fused optimizers under GradScaler unscale inside the step: undo the factor here."""
    factor = getattr(optimizer, "grad_scale", None)
    return 1.0 / float(factor) if isinstance(factor, Tensor) else 1.0
