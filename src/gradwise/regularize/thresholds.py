"""The proximal step of L1, L2 and both together, weight by weight."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.regularize.regulariser import regularised
from gradwise.regularize.step_size import step_size, stepped


@torch.no_grad()
def shrink(
    model: nn.Module, optimizer: Optimizer, *, first: float, second: float = 0.0, biases: bool = False
) -> None:
    """The proximal step of ``first · Σ|w| + second / 2 · Σw²`` after a step of the loss alone.

    With s the step size of a weight: ``w ← sign(w) · max(|w| − s · first, 0) / (1 + s · second)``.

    Args:
        model: whose weights are shrunk.
        optimizer: that has stepped; weights that it did not move stay.
        first: strength of L1.
        second: strength of L2.
        biases: whether biases and the gains of norms are shrunk too.
    """
    meant = {id(weight) for weight in regularised(model, biases=biases).values()}
    for weight, group in stepped(optimizer):
        if id(weight) in meant and group["lr"]:
            size = step_size(optimizer, weight, group)
            soften(weight, size * first)
            if second:
                weight.div_(1 + size * second)


def soften(weight: Tensor, limit: float | Tensor) -> None:
    """Soft threshold in place: nearer to zero by ``limit``, and exactly zero within it.

    >>> w = torch.tensor([3.0, -0.5, -2.0])
    >>> soften(w, 1.0)
    >>> w.tolist()
    [2.0, 0.0, -1.0]
    """
    if isinstance(limit, Tensor):
        weight.sub_(torch.minimum(torch.maximum(weight, -limit), limit))
    else:
        weight.sub_(weight.clamp(-limit, limit))


@torch.no_grad()
def keep_zeros(model: nn.Module, average: nn.Module, *, biases: bool) -> None:
    """Set an average to zero where the model's weight is exactly zero now."""
    averaged = dict(average.named_parameters())
    for name, weight in regularised(model, biases=biases).items():
        averaged[name].mul_(weight != 0)
