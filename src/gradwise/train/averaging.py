"""An exponential moving average of the weights, usable from the first steps on."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gradwise.errors import UsageError

WARM_UP = 10  # updates; the decay grows as (1 + n) / (10 + n), as in TensorFlow's ExponentialMovingAverage


def averaged(model: nn.Module, decay: float) -> AveragedModel:
    """A copy of ``model`` whose weights and buffers follow it as an exponential moving average.

    ``average = d · average + (1 − d) · weights`` with ``d = min(decay, (1 + n) / (10 + n))`` at
    update ``n``, so that a short training is not an average of its random start.  Counters and
    other whole-number buffers are copied.  Call ``update_parameters(model)`` after every step; no
    host sync, because the count of updates lies on the CPU.

    Raises:
        UsageError: a decay that is not from 0 to 1.

    >>> net = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(net.weight, 0.0)
    >>> ema = averaged(net, 0.5)
    >>> ema.update_parameters(net)
    >>> _ = nn.init.constant_(net.weight, 1.0)
    >>> ema.update_parameters(net)  # n = 1: d = 2 / 11
    >>> round(ema.module.weight.item(), 4)
    0.8182
    """
    if not 0.0 <= decay <= 1.0:
        raise UsageError(f"--ema takes a decay from 0 to 1, not {decay:g}.")
    return AveragedModel(model, multi_avg_fn=_warmed(decay), use_buffers=True)


def _warmed(decay: float) -> Any:
    def update(average: list[Tensor], current: list[Tensor], updates: Tensor | int) -> None:
        if not average[0].is_floating_point():
            for old, new in zip(average, current, strict=True):
                old.copy_(new)
            return
        done = int(updates)  # a tensor on the CPU: no sync
        get_ema_multi_avg_fn(min(decay, (1 + done) / (WARM_UP + done)))(average, current, updates)

    return torch.no_grad()(update)
