"""L1 and L2 together: zeros as L1 makes them, shared weights as L2 has them.

What it is
    `l1` alone keeps any one of several inputs that carry the same thing, and another one when a row changes.
    With some L2 added they are kept together.  Both parts are one proximal step after the optimizer's.

Also called
    elastic-net

Formula
    - minimise ``loss + λ (ρ Σ |w| + (1 − ρ)/2 Σ w²)``
    - after each step: ``w ← sign(w) · max(|w| − s λ ρ, 0) / (1 + s λ (1 − ρ))``, with the weight's step size
      s as on the page of `l1`

Shapes
    Matrices and filters; biases and the gains of norms only with ``biases=yes``.

Defaults
    strength λ 1e-4 and ratio ρ 0.15 (scikit-learn's SGDClassifier).  For mean squared error, scikit-learn's
    ElasticNet with alpha and l1_ratio is strength 2 alpha and ratio l1_ratio.  In a fit no weight decay is
    added unasked.

When
    - many columns, groups of which go together, and some that do not matter

When not
    - accuracy of a deep net is all that counts: `weight-decay` has one number less to choose
    - there are neither groups nor columns to leave out

Confused with
    - `l1` and `l2` named both: the same sum, but L2 then goes by the gradient
    - elastic weight consolidation, which keeps a net from forgetting an earlier task

Example
    Half of each: the loss (w − 3)² / 2 is then least at (3 − λ/2) / (1 + λ/2).

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(1, 1, bias=False)
    >>> both = regularize.make("elastic:strength=1,ratio=0.5")
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> for _ in range(200):
    ...     optimizer.zero_grad()
    ...     ((net.weight - 3).square() / 2).sum().backward()
    ...     optimizer.step()
    ...     both.after_step(net, optimizer)
    >>> round(net.weight.item(), 4)  # 2.5 / 1.5
    1.6667

Claims
    - L1 drives weights to exact zero with a proximal step; L2 shrinks

References
    - Zou, Hastie, Regularization and Variable Selection via the Elastic Net, Journal of the Royal Statistical
      Society B 67, 2005
    - Parikh, Boyd, Proximal Algorithms, Foundations and Trends in Optimization 1, 2014, section 6.5.3
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.optim import Optimizer

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo, regularised, zeros_told
from gradwise.regularize.thresholds import keep_zeros, shrink

STRENGTH = 1e-4  # scikit-learn's SGDClassifier, alpha
RATIO = 0.15  # scikit-learn's SGDClassifier, l1_ratio


class Elastic(Regulariser):
    """λ (ρ Σ |w| + (1 − ρ)/2 Σ w²), by a proximal step.

    Args:
        strength: λ.
        ratio: ρ, the share of L1.
        biases: biases and the gains of norms too.
    """

    def __init__(self, strength: float = STRENGTH, ratio: float = RATIO, *, biases: bool = False) -> None:
        self.strength, self.ratio, self.biases = strength, ratio, biases

    def after_step(self, model: nn.Module, optimizer: Optimizer) -> None:
        """The proximal step of both."""
        first, second = self.strength * self.ratio, self.strength * (1 - self.ratio)
        shrink(model, optimizer, first=first, second=second, biases=self.biases)

    def after_average(self, model: nn.Module, average: nn.Module) -> None:
        """The average is zero where the net is."""
        if self.ratio:
            keep_zeros(model, average, biases=self.biases)

    def told(self, model: nn.Module, state: Mapping[str, Tensor]) -> str:
        """The share of zeros."""
        return zeros_told([state[name] for name in regularised(model, biases=self.biases)])


REGULARISERS = (
    RegulariserInfo(
        "elastic",
        Elastic,
        "L1 and L2 together",
        aliases=("elastic-net",),
        spans={"strength": Span(0), "ratio": Span(0, 1)},
        shrinks=True,
    ),
)
