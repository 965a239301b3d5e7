"""From a task to the loss that is minimised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gradwise.data.examples import Task
from gradwise.errors import UsageError

Criterion = Callable[[Tensor, Tensor], Tensor]


def make_criterion(
    task: Task,
    *,
    class_weights: Sequence[float] | None = None,
    label_smoothing: float = 0.0,
) -> nn.Module:
    """The handbook's loss for a task, as a module of (outputs, target) that averages over a batch.

    Args:
        task: ``classes``: softmax cross-entropy of (N, C) logits and (N,) ids; ``labels``: sigmoid
            cross-entropy of (N, K) logits and labels in {0, 1}; ``numbers``: mean squared error of
            (N, K) standardised numbers.
        class_weights: one per class (``classes``), or per label the weight of its presence (``labels``).
        label_smoothing: share of the target spread over all classes, 0 to 1; ``classes`` only.

    Raises:
        UsageError: weights of another number than classes or labels, or an option that the task has not.

    >>> loss = make_criterion(Task("classes", ("y",), ("no", "yes")))
    >>> round(loss(torch.zeros(3, 2), torch.tensor([0, 1, 1])).item(), 4)  # ln 2
    0.6931
    """
    weights = _weights(task, class_weights)
    if label_smoothing and task.kind != "classes":
        raise UsageError(f"label smoothing is for classes; this task predicts {task.kind}.")
    if not 0.0 <= label_smoothing <= 1.0:
        raise UsageError(f"label smoothing takes a share from 0 to 1, not {label_smoothing:g}.")
    if task.kind == "classes":
        return nn.CrossEntropyLoss(weight=weights, label_smoothing=label_smoothing)
    if task.kind == "labels":
        return nn.BCEWithLogitsLoss(pos_weight=weights)
    return nn.MSELoss()


def _weights(task: Task, given: Sequence[float] | None) -> Tensor | None:
    if given is None:
        return None
    if task.kind == "numbers":
        raise UsageError("class weights are for classes and labels; this task predicts numbers.")
    if len(given) != task.outputs:
        raise UsageError(f"class weights: {len(given)} given, the data has {task.outputs} {task.kind}.")
    return torch.tensor(given, dtype=torch.float32)
