"""A penalty on the squares of the weights, which keeps them small.

What it is
    Half the sum of the squared weights is added to what is minimised.  Every weight is pulled towards zero in
    proportion to its size: large ones lose most, none becomes exactly zero.  A net with smaller weights
    changes its answer less when its input changes a little.

Also called
    ridge, tikhonov

Formula
    - minimise ``loss + λ/2 Σ w²``
    - its slope ``λ w`` joins the gradient before the optimizer steps; the loss that is shown stays that of
      the data

Shapes
    Matrices and filters; biases and the gains of norms only with ``biases=yes``.

Defaults
    strength 1e-4 (scikit-learn's SGDClassifier).  For mean squared error over N rows, scikit-learn's Ridge
    with alpha is strength 2 alpha / N.  In a fit no weight decay is added unasked.

When
    - few rows and many weights: the first thing to try on a linear net
    - inputs that carry the same thing: it shares the weight among them

When not
    - with an adaptive optimizer: Adam divides the slope of the penalty by √v̂ as well, so weights with large
      gradients are hardly pulled; take `weight-decay`, which is not divided
    - before a batch-norm: the scale of these weights does not matter, so their penalty changes the step size
      and nothing else
    - zeros are wanted: `l1`

Confused with
    - `weight-decay`: the same with plain SGD up to the rate's factor, and not with any adaptive optimizer
    - `max-norm`: bounds weights and does not pull on those within
    - the option ``--weight-decay`` of other optimizers than ``adamw`` is this penalty, as torch has it

Example
    The loss (w − 3)² / 2 is least at 3, with λ = 0.5 at 3 / (1 + λ).

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> l2 = regularize.make("l2:strength=0.5")
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     ((net.weight - 3).square() / 2).sum().backward()
    ...     l2.gradient(net, optimizer)
    ...     optimizer.step()
    >>> round(net.weight.item(), 3)
    2.0

Claims
    - it shrinks weights, where L1 sets them to zero

References
    - Hoerl, Kennard, Ridge Regression: Biased Estimation for Nonorthogonal Problems, Technometrics 12, 1970
    - Loshchilov, Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo, regularised

STRENGTH = 1e-4  # scikit-learn's SGDClassifier, alpha


class L2(Regulariser):
    """λ/2 Σ w².

    Args:
        strength: λ.
        biases: biases and the gains of norms too.
    """

    def __init__(self, strength: float = STRENGTH, *, biases: bool = False) -> None:
        self.strength, self.biases = strength, biases

    def penalty(self, model: nn.Module) -> Tensor | None:
        """Half the sum of squares times the strength."""
        weights = regularised(model, biases=self.biases)
        if not weights:
            return None
        return self.strength / 2 * torch.stack([weight.square().sum() for weight in weights.values()]).sum()


REGULARISERS = (
    RegulariserInfo(
        "l2",
        L2,
        "half the sum of squared weights",
        aliases=("ridge", "tikhonov"),
        spans={"strength": Span(0)},
        smooth=True,
        shrinks=True,
    ),
)
