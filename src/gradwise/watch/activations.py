"""Statistics of module outputs, taken in forward hooks at sampled steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.watch.pack import Pack

MAX_ELEMENTS = 1 << 14  # outputs larger than this are thinned before they are reduced
MAX_SAMPLES = 64  # rows of a batch that are looked at
CALLS_MEASURED = 2  # a module called more often in one step is measured this often
WINDOW = 3  # sampled steps over which a unit must stay silent
ACTIVE_SHARE = 0.01  # a unit that fires on fewer inputs counts as silent in that step
SATURATED_AT = 5.0  # |x| before a sigmoid or tanh (DeepDiagnosis)
BOUND_MARGIN = 0.01  # share of a bounded activation's range that counts as its end

# Output ranges of the bounded activation modules.
BOUNDS: dict[type[nn.Module], tuple[float, float]] = {
    nn.Sigmoid: (0.0, 1.0),
    nn.Tanh: (-1.0, 1.0),
    nn.Hardtanh: (-1.0, 1.0),
    nn.Hardsigmoid: (0.0, 1.0),
}
_CHANNELS_FIRST = (
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._BatchNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.GroupNorm,
)


@dataclass
class ModuleRecord:
    """What is remembered of one leaf module between sampled steps."""

    calls: int = 0
    step: int = -1
    units: int = 0
    order: int = 0
    training: bool = True
    last_active: Tensor | None = None  # (units,) index of the last sample in which it fired
    samples: int = 0
    seen_functions: list[Any] = field(default_factory=list)


def first_tensor(value: Any) -> Tensor | None:
    """The first tensor in a tensor, tuple, list or dict of outputs."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        for item in value:
            found = first_tensor(item)
            if found is not None:
                return found
    return None


def unit_dimension(module: nn.Module, output: Tensor, previous: int) -> int:
    """Which dimension of an output counts units: 1 for images, the last for features.

    An activation between layers follows the layer before it (``previous``).
    """
    if output.dim() <= 2:
        return output.dim() - 1
    if isinstance(module, _CHANNELS_FIRST):
        return 1
    if isinstance(module, nn.Linear | nn.LayerNorm | nn.RNNBase | nn.Embedding):
        return output.dim() - 1
    return 1 if previous == 1 else output.dim() - 1


def thin(output: Tensor, unit: int) -> Tensor:
    """A view of at most about MAX_ELEMENTS numbers that keeps every unit."""
    x = output.detach()
    if x.is_sparse or x.dim() == 0:
        return x.to_dense() if x.is_sparse else x
    if x.shape[0] > MAX_SAMPLES and unit != 0:
        x = x[:: x.shape[0] // MAX_SAMPLES]
    for dim in range(x.dim() - 1, 0, -1):
        excess = x.numel() // MAX_ELEMENTS
        if excess <= 1 or dim == unit:
            continue
        stride = min(excess, max(x.shape[dim] // 4, 1))
        if stride > 1:
            x = x[(slice(None),) * dim + (slice(None, None, stride),)]
    if x.numel() > 2 * MAX_ELEMENTS and unit != 0:
        x = x[: max(2, x.shape[0] * MAX_ELEMENTS // x.numel())]
    return x


def measure(
    module: nn.Module, place: str, output: Tensor, record: ModuleRecord, unit: int, pack: Pack
) -> None:
    """Put the statistics of one output into the pack.  Cost: one pass over the thinned output."""
    x = thin(output, unit).contiguous()  # reductions over strided views are many times slower
    if x.dtype != torch.float32:
        x = x.float()
    size = x.numel()
    if size < 2:
        return
    mean = x.mean()
    std = torch.linalg.vector_norm(x - mean) / (size - 1) ** 0.5  # std_mean is much slower on a CPU
    low, high = torch.aminmax(x)
    pack.scalar("act_mean", place, mean)
    pack.scalar("act_std", place, std)
    pack.scalar("act_absmax", place, torch.maximum(-low, high))
    pack.scalar("zero_share", place, 1 - torch.count_nonzero(x) / size)
    bounds = next((b for kind, b in BOUNDS.items() if isinstance(module, kind)), None)
    if bounds is None:
        outside = x.abs() > SATURATED_AT
    else:
        margin = BOUND_MARGIN * (bounds[1] - bounds[0])
        outside = (x < bounds[0] + margin) | (x > bounds[1] - margin)
    pack.scalar("saturated_share", place, torch.count_nonzero(outside) / size)
    if x.dim() >= 2:
        active = share_active(x, unit)
        pack.scalar("nonpositive_share", place, 1 - active.mean())
        if x.shape[0] >= 2:
            spread = torch.linalg.vector_norm(x - x.mean(dim=0))
            pack.scalar("sample_std", place, spread / (torch.linalg.vector_norm(x) + 1e-30))
        silent(place, active, record, pack)


def share_active(x: Tensor, unit: int) -> Tensor:
    """Share of inputs on which a unit fires, shape (units,); NaN fires, for it is not at or below zero."""
    return 1 - (x <= 0).float().mean(dim=[d for d in range(x.dim()) if d != unit])


def silent(place: str, active: Tensor, record: ModuleRecord, pack: Pack) -> None:
    """Share of units that fired in none of the last WINDOW sampled steps.

    Args:
        place: under which it is told.
        active: share of inputs on which each unit fires, shape (units,).
        record: remembers when each of them last did.
        pack: takes ``silent_share``.
    """
    last = record.last_active
    if last is None or last.shape != active.shape or last.device != active.device:
        last = torch.zeros_like(active)
        record.samples = 0
    record.samples += 1
    record.units = len(active)
    record.last_active = torch.where(active > ACTIVE_SHARE, float(record.samples), last)
    if record.samples >= WINDOW:
        never = record.last_active <= record.samples - WINDOW
        pack.scalar("silent_share", place, torch.count_nonzero(never) / len(active))
