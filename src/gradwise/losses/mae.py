"""The mean of absolute errors: every error pulls alike, however large.

What it is
    A loss for numbers whose best constant answer is the median of the targets.  A wild target has as much say
    as any other on its side, and no more.

Also called
    l1, absolute-error

Formula
    - ``loss = |y − t|``, mean over examples and outputs
    - gradient the sign of ``y − t``, and 0 where they are equal

Shapes
    outputs (N, K); target of the very same shape.

Defaults
    none.

When
    - some targets are far off and shall not matter
    - the median is asked for, or errors are judged by their size

When not
    - the last digits count: the gradient does not shrink near the target, so a constant rate goes to and fro;
      `huber` or a rate that falls helps
    - large errors are what must not happen: `mse`

Confused with
    - the L1 penalty of weights: a regulariser, not a loss
    - `smooth-l1`: the same far from the target, a parabola near it

Example
    Errors of 1 and 3.

    >>> import torch
    >>> from gradwise import losses
    >>> losses.make("mae")(torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [0.0]])).item()
    2.0

Claims
    None of its own: expect less harm from outliers than with `mse`, and a rougher end of training.

References
    Koenker, Bassett, Regression Quantiles, Econometrica 46, 1978: the median as the answer to them.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from gradwise.losses.criterion import Criterion
from gradwise.losses.loss import Loss


class AbsoluteError(Criterion):
    """``|y − t|``; torch's own."""

    def __init__(self) -> None:
        super().__init__("mae")

    def forward(self, outputs: Tensor, target: Tensor) -> Tensor:
        """(N, K) and (N, K) -> scalar.

        Raises:
            UsageError: a target of another shape or dtype.
        """
        return functional.l1_loss(outputs, self.numbers(outputs, target), reduction=self.reduction)


LOSSES = (Loss("mae", AbsoluteError, ("numbers",), "mean absolute error", aliases=("l1", "absolute-error")),)
