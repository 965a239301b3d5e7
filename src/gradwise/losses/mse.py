"""The mean of squared errors: what it costs to be wrong grows with the square of the distance.

What it is
    The usual loss for numbers.  Its best constant answer is the mean of the targets, so a net trained by it
    estimates the mean of the target for such inputs.

Also called
    l2, squared-error

Formula
    - ``loss = (y − t)²``, mean over examples and outputs
    - gradient ``2 (y − t)``: an error of ten pulls ten times as hard as an error of one

Shapes
    outputs (N, K); target of the very same shape: (N,) against (N, 1) would be spread to (N, N), and is
    refused.

Defaults
    none.  In a fit targets are standardised, so that an error of 1 is a standard deviation.

When
    - errors are noise of about the same size everywhere
    - large errors are worse than many small ones

When not
    - some targets are far off by mistake: `huber` or `mae`
    - the target is a class: `cross-entropy`; behind a sigmoid squared error has hardly a gradient where it is
      most wrong
    - targets grow over orders of magnitude: predict their logarithm

Confused with
    - half of it, which some books take so that the gradient is ``y − t``
    - its root (RMSE): in the target's own units, to report and not to train with

Example
    Errors of 1 and 3.

    >>> import torch
    >>> from gradwise import losses
    >>> losses.make("mse")(torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [0.0]])).item()
    5.0

Claims
    - outliers hurt it, and smooth L1 resists them
    - behind a sigmoid it stalls where cross-entropy learns

References
    Goodfellow, Bengio, Courville, Deep Learning, MIT Press 2016, section 6.2.2.1.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion
from gradwise.losses.loss import Loss


class SquaredError(Criterion):
    """``(y − t)²``; torch's own."""

    def __init__(self) -> None:
        super().__init__("mse")

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) and (N, K) -> scalar.

        Raises:
            UsageError: a target of another shape or dtype.
        """
        return functional.mse_loss(outputs, self.numbers(outputs, target), reduction=self.reduction)


LOSSES = (Loss("mse", SquaredError, ("numbers",), "mean squared error", aliases=("l2", "squared-error")),)
