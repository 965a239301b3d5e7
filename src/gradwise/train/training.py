"""All that changes while a net trains, in one place."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from torch.optim.swa_utils import AveragedModel

from gradwise.errors import UsageError
from gradwise.regularize import Regularisers
from gradwise.train.augmenting import Augmenter
from gradwise.train.metrics import SMALLER_IS_BETTER, Metrics
from gradwise.train.progress import EpochRow, Progress
from gradwise.train.transfer.distillation import Teacher
from gradwise.train.transfer.freezing import Freezing

__all__ = ["EpochRow", "Progress", "Training"]


@dataclass
class Training:
    """A net under training with all that belongs to it.

    Args:
        model: called with the inputs of a batch.  To compile it use ``model.compile()``, which leaves the
            names of its weights alone.
        optimizer: of the model's parameters, and of the criterion's where it has any.
        criterion: (outputs, target) → mean loss of the batch.  Parameters of its own (centres of classes) are
            in checkpoints, and no part of what is judged and used.
        scheduler: of the learning rate; None: constant.
        pace: when the scheduler steps: after every ``batch``, every ``epoch``, or every epoch on the ``loss``
            (ReduceLROnPlateau).
        device: where model and batches are.
        autocast: dtype of the forward pass, e.g. torch.bfloat16; None: the weights' own.
        scaler: of the loss, for float16.
        clip: largest norm of the gradient of all the model's parameters together.
        ema: average of the weights (`gradwise.train.averaging.averaged`); it is what is judged and used.
        average_from: the epoch, counted from 0, from which on ``ema`` takes the weights in at the ends of
            epochs (a plain `AveragedModel`, used as soon as it holds any); None: after every step.
        regularisers: act at every step; their hooks are in the model, their parameters in the optimizer.
        metrics: read on the validation rows.
        freezing: which stages of the model learn, from epoch to epoch; None: all.
        teacher: is asked about every batch that is learnt from; its answers are part of the loss, and not of
            that of evaluation.
        augment: changes the batches that are learnt from; validation rows stay as they are.
        closure: the optimizer calls for the loss itself, as often as it likes (L-BFGS).
        monitor: what epochs are judged by: ``loss`` or a metric.
        keep_best: keep a copy of the weights of the best epoch.
        end_with_best: `fit` ends with the weights of the best epoch in place; implies ``keep_best``.
    """

    model: nn.Module
    optimizer: Optimizer
    criterion: nn.Module
    scheduler: LRScheduler | ReduceLROnPlateau | None = None
    pace: Literal["batch", "epoch", "loss"] = "epoch"
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    autocast: torch.dtype | None = None
    scaler: torch.amp.GradScaler | None = None
    clip: float | None = None
    ema: AveragedModel | None = None
    average_from: int | None = None
    regularisers: Regularisers = field(default_factory=Regularisers)
    metrics: Metrics | None = None
    freezing: Freezing | None = None
    teacher: Teacher | None = None
    augment: Augmenter | None = None
    closure: bool = False
    monitor: str = "loss"
    keep_best: bool = False
    end_with_best: bool = False
    progress: Progress = field(default_factory=Progress)
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    stop: str = ""  # why training ends before its last epoch; set by callbacks, not saved
    regularised: str = ""  # what the regularisers came to; known at the end, not saved
    notes: list[str] = field(default_factory=list)  # for the user, e.g. that a checkpoint was not written
    between_steps: bool = True  # False while weights, counters and random states do not fit together

    def __post_init__(self) -> None:
        if self.closure and self.scaler is not None:
            raise UsageError(
                "an optimizer that evaluates the loss itself (L-BFGS) cannot scale it; use float32."
            )
        moved = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        own = {id(weight) for weight in self.criterion.parameters()}
        own |= {id(weight) for weight in self.regularisers.parameters()}
        self.parameters = [weight for weight in moved if id(weight) not in own]
        wide = torch.float32 if self.device.type == "mps" else torch.float64  # Apple's has no float64
        self.progress.loss_sum = self.progress.loss_sum.to(self.device, wide)

    @property
    def judged(self) -> nn.Module:
        """The model that is evaluated, saved as best and used: the average where there is one."""
        empty = self.ema is None or (self.average_from is not None and not int(self.ema.n_averaged))
        return self.model if empty or self.ema is None else self.ema.module

    def weights(self) -> dict[str, Tensor]:
        """A copy of what is judged: weights and buffers as a plain net needs them, without regularisers."""
        state = {name: tensor.clone() for name, tensor in self.judged.state_dict().items()}
        return self.regularisers.folded(state)

    @property
    def rate(self) -> float:
        """Learning rate of the first group of parameters."""
        return float(self.optimizer.param_groups[0]["lr"])

    def wake(self) -> None:
        """Training mode for all that learns in this epoch; what is frozen stays in evaluation."""
        self.model.train()
        if self.freezing is not None:
            self.freezing.settle(self.progress.epoch)

    def precision(self) -> AbstractContextManager[Any]:
        """What the forward pass runs under."""
        return nullcontext() if self.autocast is None else torch.autocast(self.device.type, self.autocast)

    def begin(self, order: dict[str, Any]) -> None:
        """Before the first batch of a training, or of its continuation.

        Raises:
            UsageError: it goes on within an epoch whose batches were others.
        """
        progress = self.progress
        if progress.position and progress.order != order:
            changed = [
                f"{k} was {v}, now {order.get(k)}" for k, v in progress.order.items() if order.get(k) != v
            ]
            raise UsageError(
                f"epoch {progress.epoch + 1} cannot go on from batch {progress.position} with other batches "
                f"({'; '.join(changed)}); resume with the settings and data of the first start."
            )
        progress.order = order
        self.stop = ""

    def close_epoch(self, scores: dict[str, float], evaluating: float = 0.0) -> EpochRow:
        """Write the epoch's row, judge it, step the schedule; the one host sync of an epoch.

        Args:
            scores: of `evaluate`; empty without validation rows.
            evaluating: seconds that evaluation took.
        """
        progress = self.progress
        self.between_steps = False
        row = EpochRow(
            epoch=progress.epoch + 1,
            train_loss=self.epoch_loss(),
            valid_loss=scores.get("loss"),
            metrics={name: value for name, value in scores.items() if name != "loss"},
            rate=self.rate,
            seconds=progress.seconds + evaluating,
            examples_per_second=progress.rows / max(progress.seconds, 1e-9),
        )
        progress.history.append(row)
        self._judge(row)
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(row.value("loss"))
        elif self.scheduler is not None and self.pace == "epoch":
            self.scheduler.step()
        progress.epoch += 1
        progress.position = progress.rows = 0
        progress.seconds = 0.0
        progress.loss_sum.zero_()
        self.between_steps = True
        return row

    def epoch_loss(self) -> float:
        """Mean loss over the rows of the epoch under way so far; one host sync."""
        return self.progress.loss_sum.item() / max(self.progress.rows, 1)

    def _judge(self, row: EpochRow) -> None:
        progress, value = self.progress, row.value(self.monitor)
        sign = 1.0 if self.monitor in SMALLER_IS_BETTER else -1.0
        if math.isnan(value) or (progress.best_epoch and sign * value >= sign * progress.best_value):
            progress.waited += 1
            return
        progress.best_epoch, progress.best_value, progress.waited = row.epoch, value, 0
        if self.keep_best or self.end_with_best:
            self.best_weights = self.weights()

    def take_best(self) -> None:
        """Put the weights of the best epoch in place; nothing where none were kept.

        Regularisers act in no forward pass from then on: their gates are in these weights.
        """
        if self.best_weights:
            self.judged.load_state_dict(self.best_weights)
            self.regularisers.release()

    def note_regularised(self) -> None:
        """Note what the regularisers came to, e.g. the share of weights that are zero."""
        if self.regularisers and self.progress.step:
            self.regularised = self.regularisers.told(self.model, self.best_weights or self.weights())
            self.notes += [self.regularised] if self.regularised else []
