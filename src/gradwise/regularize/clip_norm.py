"""Scales the whole gradient down when it is longer than a bound.

What it is
    Loss surfaces of recurrent and deep nets have cliffs, where one gradient is a thousand times longer than
    the others and one step throws away what was learnt.  The gradient of all weights together is scaled to a
    given length where it is longer; its direction stays.

Also called
    gradient-clipping, clip

Formula
    ``g ← g · min(1, c / ‖g‖)``, ‖g‖ over all weights of the model

Defaults
    norm 1 (as language models are trained: Brown and others, arXiv 2005.14165, appendix B).  In a fit it is
    ``--clip``; recurrent nets get 5 unasked (Pascanu, Mikolov, Bengio and the handbook: 5 to 15).

When
    - recurrent nets, always
    - losses that jump now and then and take long to come back

When not
    - the rate is too large altogether: then every step is clipped; lower it
    - with optimizers that search along a line, which need the gradient as it is

Confused with
    - `clip-value`: cuts every component for itself and turns the gradient
    - `max-norm`: bounds weights

Example
    A gradient (3, 4) of length 5 comes down to length 1.

    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> net(torch.tensor([[3.0, 4.0]])).sum().backward()
    >>> regularize.make("clip-norm:norm=1").gradient(net, optimizer)
    >>> [round(slope, 3) for slope in net.weight.grad[0].tolist()]
    [0.6, 0.8]

Claims
    - recurrent nets need clipping

References
    Pascanu, Mikolov, Bengio, On the difficulty of training Recurrent Neural Networks, arXiv 1211.5063.
"""

from __future__ import annotations

from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

NORM = 1.0  # the usual one of language models, e.g. Brown and others, arXiv 2005.14165, appendix B


class ClipNorm(Regulariser):
    """‖g‖ ≤ c over all weights.

    Args:
        norm: c.
    """

    turn: ClassVar[int] = 2

    def __init__(self, norm: float = NORM) -> None:
        self.norm = norm

    def gradient(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Scale it down; no host sync."""
        del optimizer
        nn.utils.clip_grad_norm_(model.parameters(), self.norm)


REGULARISERS = (
    RegulariserInfo(
        "clip-norm",
        ClipNorm,
        "bounds the length of the gradient",
        aliases=("gradient-clipping", "clip"),
        spans={"norm": Span(0, beyond=True)},
        setting=("norm", "clip"),
    ),
)
