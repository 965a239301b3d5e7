"""Absolute error with its tip rounded off: huber's loss over its distance.

What it is
    Far from the target it is `mae` less a constant; within β a parabola takes the place of the tip, so that
    the gradient goes to zero with the error.  Known from the boxes of object detectors.

Formula
    - ``(y − t)² / (2 β)`` where ``|y − t| < β``, else ``|y − t| − β/2``; mean over examples and outputs
    - gradient ``(y − t)/β``, cut off at −1 and 1
    - β → 0 is `mae`; `huber` with δ = β is β times it

Shapes
    outputs (N, K); target of the very same shape.

Defaults
    β 1 (Girshick, equation 3).

When
    - as `huber`; it keeps the scale of `mae`, so the rate need not follow β

When not
    - as `huber`

Confused with
    - `huber`: the same at 1, else β times as large
    - `mae`: the same without the round tip

Example
    Errors of 0.5 and 3 with β 2: 0.0625 and 2.

    >>> import torch
    >>> from gradwise import losses
    >>> losses.make("smooth-l1:beta=2")(torch.tensor([[0.5], [3.0]]), torch.tensor([[0.0], [0.0]])).item()
    1.03125

Claims
    - it resists outliers that hurt squared error

References
    Girshick, Fast R-CNN, arXiv 1504.08083.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion
from gradwise.losses.loss import Loss

BETA = 1.0  # distance, in units of the target; Girshick, arXiv 1504.08083, equation 3


class SmoothL1(Criterion):
    """Huber's loss over ``beta``; torch's own.

    Args:
        beta: distance, from 0 on; 0 is the absolute error.

    Raises:
        UsageError: beta below 0.
    """

    def __init__(self, *, beta: float = BETA) -> None:
        super().__init__("smooth-l1")
        self.beta = self.option("beta", beta, low=0)

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) and (N, K) -> scalar.

        Raises:
            UsageError: a target of another shape or dtype.
        """
        return functional.smooth_l1_loss(
            outputs, self.numbers(outputs, target), beta=self.beta, reduction=self.reduction
        )


LOSSES = (Loss("smooth-l1", SmoothL1, ("numbers",), "squared near zero, absolute beyond"),)
