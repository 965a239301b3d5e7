"""Squared near the target and absolute far from it, so that outliers pull no harder than others.

What it is
    A parabola that goes over into straight lines at a distance δ.  Within δ it is half of `mse`; beyond, an
    error pulls with the constant force δ.

Formula
    - ``(y − t)² / 2`` where ``|y − t| ≤ δ``, else ``δ (|y − t| − δ/2)``; mean over examples and outputs
    - gradient ``y − t``, cut off at −δ and δ

Shapes
    outputs (N, K); target of the very same shape.

Defaults
    δ 1 (torch's HuberLoss).  In a fit targets are standardised, so that 1 is a standard deviation of theirs;
    Huber's 1.345 refers to a deviation of the errors.

When
    - most errors are noise and some targets are simply wrong
    - gradients of `mse` burst

When not
    - large errors are real and what counts: `mse`
    - δ cannot be given a meaning, because targets are not standardised

Confused with
    - `smooth-l1`: this over its δ, there called β; the same at 1
    - clipping the gradient of all weights: here each example's is cut off

Example
    Errors of 0.5 and 3: 0.125 and 2.5.

    >>> import torch
    >>> from gradwise import losses
    >>> losses.make("huber")(torch.tensor([[0.5], [3.0]]), torch.tensor([[0.0], [0.0]])).item()
    1.3125

Claims
    - it resists outliers that hurt squared error

References
    Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35, 1964.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion
from gradwise.losses.loss import Loss

DELTA = 1.0  # distance, in units of the target; torch's HuberLoss


class HuberLoss(Criterion):
    """``(y − t)² / 2`` up to ``delta``, ``delta (|y − t| − delta / 2)`` beyond; torch's own.

    Args:
        delta: distance, above 0.

    Raises:
        UsageError: delta is not above 0.
    """

    def __init__(self, *, delta: float = DELTA) -> None:
        super().__init__("huber")
        self.delta = self.option("delta", delta, low=0, above=True)

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) and (N, K) -> scalar.

        Raises:
            UsageError: a target of another shape or dtype.
        """
        return functional.huber_loss(
            outputs, self.numbers(outputs, target), delta=self.delta, reduction=self.reduction
        )


LOSSES = (Loss("huber", HuberLoss, ("numbers",), "squared near zero, absolute beyond"),)
