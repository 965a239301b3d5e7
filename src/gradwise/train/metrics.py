"""How good outputs are: sums kept on the device, read once per evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from gradwise.data.examples import Task

# A metric of any other name is better when larger.
SMALLER_IS_BETTER = frozenset({"loss", "log-loss", "rmse", "mae"})


class Tally(Protocol):
    """Sums over the batches of one evaluation."""

    def add(self, outputs: Tensor, target: Tensor) -> None:
        """Count one batch; no host sync."""
        ...

    def read(self) -> dict[str, float]:
        """The metrics by name; one host transfer."""
        ...


# A fresh tally whose sums lie on this device.
Metrics = Callable[[torch.device], Tally]


def metrics_for(task: Task) -> Metrics:
    """The metrics of a task.

    ``classes``: accuracy, balanced-accuracy (mean recall over the classes present), log-loss (nats,
    unweighted); ``labels``: f1-micro, f1-macro at probability 0.5; ``numbers``: r2 (mean over the
    targets), rmse and mae (mean over the targets, in the targets' own units).
    """
    if task.kind == "classes":
        return lambda device: ClassTally(len(task.classes), device)
    if task.kind == "labels":
        return lambda device: LabelTally(len(task.targets), device)
    return lambda device: NumberTally(task.scale or (1.0,) * len(task.targets), device)


def _exact(device: torch.device) -> torch.dtype:
    """The widest float of the device; Apple's has no float64."""
    return torch.float32 if device.type == "mps" else torch.float64


class ClassTally:
    """Of (N, C) logits and (N,) class ids.

    >>> tally = ClassTally(2, torch.device("cpu"))
    >>> tally.add(torch.tensor([[9.0, 0.0], [9.0, 0.0], [9.0, 0.0], [0.0, 9.0]]), torch.tensor([0, 0, 1, 1]))
    >>> {name: round(value, 3) for name, value in tally.read().items()}
    {'accuracy': 0.75, 'balanced-accuracy': 0.75, 'log-loss': 2.25}
    """

    def __init__(self, classes: int, device: torch.device) -> None:
        self.hits = torch.zeros(classes, dtype=torch.int64, device=device)  # (C,)
        self.seen = torch.zeros(classes, dtype=torch.int64, device=device)  # (C,)
        self.log_loss = torch.zeros((), dtype=_exact(device), device=device)

    def add(self, outputs: Tensor, target: Tensor) -> None:
        """Count one batch."""
        right = (outputs.argmax(1) == target).to(torch.int64)  # (N,)
        self.hits.index_add_(0, target, right)
        self.seen.index_add_(0, target, torch.ones_like(target))
        self.log_loss += functional.cross_entropy(outputs.float(), target, reduction="sum")

    def read(self) -> dict[str, float]:
        """Accuracy, balanced accuracy, log loss."""
        together = torch.stack([self.hits.to(self.log_loss.dtype), self.seen.to(self.log_loss.dtype)])
        hits, seen, log_loss = (
            torch.cat([together.flatten(), self.log_loss[None]])
            .cpu()
            .tensor_split((len(self.hits), 2 * len(self.hits)))
        )
        present, rows = seen > 0, max(seen.sum().item(), 1.0)
        return {
            "accuracy": hits.sum().item() / rows,
            "balanced-accuracy": (hits[present] / seen[present]).mean().item(),
            "log-loss": log_loss.item() / rows,
        }


class LabelTally:
    """Of (N, K) logits and (N, K) labels in {0, 1}; a label is predicted where its logit is above 0.

    A label that is neither present nor predicted scores 0, as in scikit-learn.
    """

    def __init__(self, labels: int, device: torch.device) -> None:
        self.counts = torch.zeros(3, labels, dtype=torch.int64, device=device)  # right, predicted, present

    def add(self, outputs: Tensor, target: Tensor) -> None:
        """Count one batch."""
        predicted, present = outputs > 0, target > 0.5  # (N, K)
        self.counts += torch.stack([predicted & present, predicted, present]).sum(1)

    def read(self) -> dict[str, float]:
        """F1 over all decisions, and its mean over the labels."""
        right, predicted, present = self.counts.cpu().double()
        each = 2 * right / (predicted + present).clamp(min=1)
        micro = 2 * right.sum() / (predicted + present).sum().clamp(min=1)
        return {"f1-micro": micro.item(), "f1-macro": each.mean().item()}


class NumberTally:
    """Of (N, K) standardised outputs and numbers.

    Args:
        scale: standard deviation of every target in its own unit; rmse and mae are multiplied by it.
        device: where the sums lie.
    """

    def __init__(self, scale: tuple[float, ...], device: torch.device) -> None:
        self.scale = torch.tensor(scale, dtype=torch.float64)
        self.rows = 0
        # over the rows, per target: y, y², (y − ŷ)², |y − ŷ|; y is standardised, so y² − mean² is benign
        self.sums = torch.zeros(4, len(scale), dtype=_exact(device), device=device)

    def add(self, outputs: Tensor, target: Tensor) -> None:
        """Count one batch."""
        true = target.to(self.sums.dtype)  # (N, K)
        error = outputs.to(self.sums.dtype) - true
        self.sums += torch.stack([true, true * true, error * error, error.abs()]).sum(1)
        self.rows += len(target)

    def read(self) -> dict[str, float]:
        """R², root mean squared error and mean absolute error."""
        rows = max(self.rows, 1)
        mean, square, error, absolute = self.sums.cpu().double() / rows
        spread = square - mean * mean  # (K,)
        # a target without spread: 1 where it is met, else 0, as in scikit-learn
        known = spread > torch.finfo(torch.float32).eps * square
        r2 = torch.where(known, 1 - error / spread.where(known, 1.0), (error == 0).double())
        return {
            "r2": r2.mean().item(),
            "rmse": (error.sqrt() * self.scale).mean().item(),
            "mae": (absolute * self.scale).mean().item(),
        }
