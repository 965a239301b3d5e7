"""How far a training is, and what its epochs came to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gradwise.errors import UsageError


@dataclass(frozen=True, slots=True)
class EpochRow:
    """What one epoch came to.

    Args:
        epoch: counted from 1.
        train_loss: mean over the epoch's rows, each taken before the step that it led to.
        valid_loss: on the validation rows after the epoch; None without them.
        metrics: on the validation rows, by name.
        rate: learning rate of the epoch's last step.
        seconds: wall time, with evaluation.
        examples_per_second: training rows per second, without evaluation.
    """

    epoch: int
    train_loss: float
    valid_loss: float | None
    metrics: dict[str, float]
    rate: float
    seconds: float
    examples_per_second: float

    def value(self, name: str) -> float:
        """A metric, or ``loss``: the validation loss, without one the training loss.

        Raises:
            UsageError: there is no such metric.
        """
        if name == "loss":
            return self.train_loss if self.valid_loss is None else self.valid_loss
        if name not in self.metrics:
            known = ", ".join(("loss", *self.metrics))
            raise UsageError(f"there is no metric {name!r} to judge epochs by; there are {known}.")
        return self.metrics[name]


@dataclass(slots=True)
class Progress:
    """How far a training is: plain values and one tensor; everything here is saved.

    Args:
        step: optimizer steps done.
        epoch: epochs done.
        position: batches done of the epoch under way.
        seen: examples trained on, all epochs together.
        seconds: wall time of training in the epoch under way.
        loss_sum: () sum over the rows of the epoch under way, on the device; read once per epoch.
        rows: rows of the epoch under way that were trained on.
        history: one row per epoch done.
        best_epoch: the best epoch, counted from 1; 0 before the first.
        best_value: what it was judged by.
        waited: epochs since the best one.
        order: what the order of the batches depends on (`Batches.state`).
    """

    step: int = 0
    epoch: int = 0
    position: int = 0
    seen: int = 0
    seconds: float = 0.0
    loss_sum: Tensor = field(default_factory=lambda: torch.zeros(()))
    rows: int = 0
    history: list[EpochRow] = field(default_factory=list)
    best_epoch: int = 0
    best_value: float = math.nan
    waited: int = 0
    order: dict[str, Any] = field(default_factory=dict)
