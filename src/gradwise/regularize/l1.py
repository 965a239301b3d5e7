"""A penalty on the size of every weight that makes many of them exactly zero.

What it is
    The sum of the absolute weights is added to what is minimised.  It pulls every weight towards zero with
    the same force, however small it is already, so weights that do little for the loss end there.  Exactly
    there they end only by a proximal step: after the optimizer has stepped for the loss alone, each weight is
    moved towards zero, and set to zero where it would pass it.  Gradients of |w| instead keep it jumping
    around zero.

Also called
    lasso

Formula
    - minimise ``loss + λ Σ |w|``
    - after each step: ``w ← sign(w) · max(|w| − s λ, 0)``
    - s is the weight's step size: ``rate`` of SGD, ``rate / (1 − μ)`` with momentum, ``rate / (√v̂ + ε)`` of
      Adam, and so on; with any other the balance of loss and penalty would be another than the one asked for
    - ``proximal=no``: ``λ sign(w)`` joins the gradient, for comparison; nothing becomes exactly zero

Shapes
    Matrices and filters; biases and the gains of norms only with ``biases=yes``, since they hold no inputs
    that could be left out.

Defaults
    strength 1e-4 (scikit-learn's SGDClassifier, whose penalty is on the mean loss as well); proximal yes.
    For mean squared error, scikit-learn's Lasso with alpha is strength 2 alpha.  In a fit no weight decay is
    added unasked, and of averaged weights (`ema`, `swa`) those are zero that are zero in the net.

When
    - a linear net on many columns, most of which do not matter: it chooses columns
    - zeros themselves are of use: a smaller file, a list of inputs to look at

When not
    - accuracy is all that counts: `l2`, `weight-decay` or `dropout` mostly serve better
    - a deep net is to become faster: scattered zeros are multiplied like other numbers; `l0` takes out units
    - inputs of one group carry the same thing: it keeps any one of them; `elastic` keeps all
    - with ``ftrl``, which has an L1 of its own, and with optimizers that search along a line

Confused with
    - `l2`: shrinks large weights most and makes none exactly zero
    - `l0`: counts the weights that are not zero, whatever their size
    - the loss `mae`: absolute errors, not weights

Example
    The loss (w − 3)² / 2 is least at 3, with the penalty at 3 − λ; where the loss alone asks for 0.5, at 0.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> l1 = regularize.make("l1:strength=1")
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     ((net.weight - torch.tensor([3.0, 0.5])).square() / 2).sum().backward()
    ...     optimizer.step()
    ...     l1.after_step(net, optimizer)
    >>> [round(w, 3) for w in net.weight[0].tolist()]
    [2.0, 0.0]

Claims
    - it drives weights to exact zero with a proximal step, and not with plain gradient descent
    - it does not buy useful sparsity in deep nets

References
    - Tibshirani, Regression Shrinkage and Selection via the Lasso, Journal of the Royal Statistical Society B
      58, 1996
    - Parikh, Boyd, Proximal Algorithms, Foundations and Trends in Optimization 1, 2014, sections 4.2 and 6.5
    - Yun, Lozano, Yang, A General Family of Stochastic Proximal Gradient Methods for Deep Learning, arXiv
      2007.07484: a step size for every weight
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo, regularised, zeros_told
from gradwise.regularize.thresholds import keep_zeros, shrink

STRENGTH = 1e-4  # scikit-learn's SGDClassifier, alpha


class L1(Regulariser):
    """λ Σ |w|, by a proximal step.

    Args:
        strength: λ.
        proximal: shrink after each step; else the penalty joins the gradient.
        biases: biases and the gains of norms too.
    """

    def __init__(self, strength: float = STRENGTH, *, proximal: bool = True, biases: bool = False) -> None:
        self.strength, self.proximal, self.biases = strength, proximal, biases

    def penalty(self, model: nn.Module) -> Tensor | None:
        """The sum, unless the step is proximal."""
        weights = regularised(model, biases=self.biases)
        if self.proximal or not weights:
            return None
        return self.strength * torch.stack([weight.abs().sum() for weight in weights.values()]).sum()

    def after_step(self, model: nn.Module, optimizer: Optimizer) -> None:
        """The proximal step."""
        if self.proximal:
            shrink(model, optimizer, first=self.strength, biases=self.biases)

    def after_average(self, model: nn.Module, average: nn.Module) -> None:
        """The average is zero where the net is."""
        if self.proximal:
            keep_zeros(model, average, biases=self.biases)

    def told(self, model: nn.Module, state: Mapping[str, Tensor]) -> str:
        """The share of zeros."""
        return zeros_told([state[name] for name in regularised(model, biases=self.biases)])


REGULARISERS = (
    RegulariserInfo(
        "l1",
        L1,
        "sum of absolute weights; exact zeros",
        aliases=("lasso",),
        spans={"strength": Span(0)},
        shrinks=True,
    ),
)
