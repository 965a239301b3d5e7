"""Every step takes a small share off the weights, apart from the gradient.

What it is
    Before each step of the optimizer, weights are multiplied by a number just below 1.  That is not part of
    the gradient, so adaptive optimizers do not divide it, and all weights fade alike.  Biases and the gains
    of norms do not fade: that makes a net no simpler, it only shifts it.

Also called
    decoupled-decay

Formula
    ``w ← w − rate · λ · w``, then the step of the loss alone

Shapes
    Matrices and filters only.

Defaults
    strength λ 0.01 (torch's AdamW, after Loshchilov and Hutter).  The rate is the scheduled one, so decay
    fades with it.  A fit with the default optimizer has it anyway: ``--weight-decay`` sets it in ``adamw``,
    which does exactly this, and adds it to the gradient in other optimizers; named under ``--regularize`` it
    is decoupled with each of them, and the optimizer's own is off.

When
    - always a little, with adaptive optimizers above all
    - momentum with its decay kept apart from the rate's search (SGDW)

When not
    - a known objective is minimised: `l2` has one, this has none with adaptive steps
    - embeddings of rare words: they would fade between their appearances

Confused with
    - `l2`: joins the gradient; the same with plain SGD only, where λ of both agree
    - decay of the learning rate: a schedule

Example
    Without a gradient only the decay is left: 1 − 0.1 · 0.5.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(1, 1)
    >>> _ = torch.nn.init.ones_(net.weight), torch.nn.init.ones_(net.bias)
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> (0 * net(torch.ones(1, 1))).sum().backward()
    >>> regularize.make("weight-decay:strength=0.5").gradient(net, optimizer)
    >>> round(net.weight.item(), 3), net.bias.item()
    (0.95, 1.0)

Claims
    None of its own: expect a better test score from adaptive optimizers than the same number as L2 gives.

References
    - Loshchilov, Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101
    - He, Zhang, Zhang, Zhang, Xie, Li, Bag of Tricks for Image Classification, arXiv 1812.01187, section 3.1:
      biases and norms are spared
"""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import Optimizer

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo, regularised
from gradwise.regularize.step_size import stepped

STRENGTH = 0.01  # torch.optim.AdamW


class WeightDecay(Regulariser):
    """Decoupled decay with any optimizer.

    Args:
        strength: λ.
    """

    def __init__(self, strength: float = STRENGTH) -> None:
        self.strength = strength

    @torch.no_grad()
    def gradient(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Before the optimizer's step, so that it goes on from the faded weights."""
        meant = {id(weight) for weight in regularised(model, biases=False).values()}
        for weight, group in stepped(optimizer):
            if id(weight) in meant:
                weight.mul_(1 - group["lr"] * self.strength)


REGULARISERS = (
    RegulariserInfo(
        "weight-decay",
        WeightDecay,
        "takes a share off all weights, apart from the gradient",
        aliases=("decoupled-decay",),
        spans={"strength": Span(0, 10)},
        shrinks=True,
    ),
)
