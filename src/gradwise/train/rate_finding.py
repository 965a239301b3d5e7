"""The range test for one's own model, optimizer and batches."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.errors import UsageError
from gradwise.train.batches import Batch
from gradwise.train.rate_test import RangeTest, range_test
from gradwise.train.training import Training

TRIAL_BATCHES = 32  # that the test takes turns on; as in `gradwise fit`


def find_rate(
    model: nn.Module,
    optimizer: Optimizer,
    criterion: Callable[..., Tensor],
    batches: Iterable[Any],
    *,
    seconds: float = 60.0,
) -> RangeTest:
    """Which learning rate suits this model, optimizer and data; tried on copies, nothing is changed.

    Rates run from a thousandth of the optimizer's own to ten thousand times it.  Random states are put back;
    a loader that draws from one of its own does not stay as it was.

    Args:
        model: in whose copy training is tried.
        optimizer: of the model's parameters, in its present state.
        criterion: (outputs, target) → mean loss of the batch.
        batches: pairs of inputs (a tensor, or a tuple of them) and target, e.g. a DataLoader; 32 are taken.
        seconds: that the test may take, about.

    Returns:
        The curve (``rates``, ``losses``, ``smooth``), the suggestion and its reason.

    Raises:
        UsageError: no batches, batches of another form, or groups of parameters with rates of their own.

    >>> from torch.nn.functional import mse_loss
    >>> _ = torch.manual_seed(0)
    >>> x = torch.randn(64, 3)
    >>> model = nn.Linear(3, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    >>> test = find_rate(model, optimizer, mse_loss, [(x, x.sum(1, keepdim=True))])
    >>> test.found, 0.001 < test.suggestion < 1, optimizer.param_groups[0]["lr"]
    (True, True, 0.01)
    """
    if not isinstance(optimizer, Optimizer):
        raise UsageError(f"find_rate takes a torch optimizer as its second, not {type(optimizer).__name__}.")
    rates = {float(group["lr"]) for group in optimizer.param_groups if "lr" in group}
    if len(rates) != 1 or min(rates) <= 0:
        told = ", ".join(f"{rate:g}" for rate in sorted(rates)) or "none"
        raise UsageError(f"find_rate needs one rate above 0 for all groups of parameters, not {told}.")
    device = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    taken = [_batch(batch, device) for batch in islice(batches, TRIAL_BATCHES)]

    def rehearsal() -> Training:
        loss = criterion if isinstance(criterion, nn.Module) else _Loss(criterion)
        return Training(*copy.deepcopy((model, optimizer, loss)), device=device)

    return range_test(rehearsal, taken, usual=rates.pop(), seconds=seconds)


class _Loss(nn.Module):
    """A function as a module."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """The function's value."""
        return self.function(outputs, target)


def _batch(batch: Any, device: torch.device) -> Batch:
    """A pair as the loop takes it."""
    if not isinstance(batch, tuple | list) or len(batch) != 2 or not isinstance(batch[1], Tensor):
        what = f"{len(batch)} parts" if isinstance(batch, tuple | list) else type(batch).__name__
        raise UsageError(f"find_rate takes batches that are pairs of inputs and target, not {what}.")
    inputs = batch[0] if isinstance(batch[0], tuple | list) else (batch[0],)
    if not all(isinstance(value, Tensor) for value in inputs):
        raise UsageError("find_rate takes inputs that are a tensor or a tuple of tensors.")
    return tuple(value.to(device) for value in inputs), batch[1].to(device)
