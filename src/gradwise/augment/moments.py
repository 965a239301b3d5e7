"""Moments of series: which are padding, and values between them."""

from __future__ import annotations

import torch
from torch import Tensor

from gradwise.augment.augmentation import Inputs


def lengths_of(inputs: Inputs) -> Tensor:
    """(N, 1) float32 on the series' device: moments of every row."""
    series = inputs[0]
    if len(inputs) > 1:
        return inputs[1].to(torch.float32).unsqueeze(1)
    return torch.full((len(series), 1), float(series.shape[1]), device=series.device)


def counted(inputs: Inputs) -> Tensor:
    """(T,) float32 on the series' device: 0, 1, 2 ..."""
    return torch.arange(inputs[0].shape[1], dtype=torch.float32, device=inputs[0].device)


def real(inputs: Inputs) -> Tensor | None:
    """(N, T, 1) which moments are no padding; None: all."""
    if len(inputs) < 2:
        return None
    series, lengths = inputs[0], inputs[1]
    return (torch.arange(series.shape[1], device=series.device) < lengths.unsqueeze(1)).unsqueeze(2)


def at_times(inputs: Inputs, times: Tensor) -> Inputs:
    """Every series at other times, linearly between its moments; padding stays.

    Args:
        inputs: (N, T, F) series, then maybe lengths.
        times: (N, T) from 0 to the row's length - 1; what stands beyond a row's length does not matter.

    >>> times = torch.tensor([[0.0, 0.5, 1.0]])
    >>> at_times((torch.tensor([[[0.0], [10.0], [20.0]]]),), times)[0].flatten().tolist()
    [0.0, 5.0, 10.0]
    """
    series = inputs[0]
    last = (lengths_of(inputs) - 1).clamp(min=0)
    times = times.clamp(min=0).minimum(last)
    before = times.floor()
    share = (times - before).to(series.dtype).unsqueeze(2)  # (N, T, 1)
    index = before.long().unsqueeze(2).expand_as(series)
    after = (index + 1).clamp(max=series.shape[1] - 1)
    drawn = torch.lerp(series.gather(1, index), series.gather(1, after), share)
    kept = real(inputs)
    return (drawn if kept is None else torch.where(kept, drawn, series), *inputs[1:])
