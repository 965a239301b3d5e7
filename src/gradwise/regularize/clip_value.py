"""Cuts every component of the gradient to a bound.

What it is
    No single weight may get a gradient beyond the bound, whatever all others get.  Cheap and blunt: the
    direction of the gradient changes as soon as one component is cut.

Formula
    ``gᵢ ← min(max(gᵢ, −c), c)``

Defaults
    value 0.5 (the one in Keras's documentation of clipvalue).

When
    - single weights get huge gradients and all others are fine: embeddings, output biases
    - a paper's recipe has it

When not
    - the direction counts: `clip-norm`
    - with optimizers that search along a line, which need the gradient as it is

Confused with
    - `clip-norm`: keeps the direction

Example
    >>> import torch
    >>> from gradwise import regularize
    >>> net = torch.nn.Linear(2, 1, bias=False)
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> net(torch.tensor([[3.0, -0.25]])).sum().backward()
    >>> regularize.make("clip-value:value=0.5").gradient(net, optimizer)
    >>> net.weight.grad.tolist()
    [[0.5, -0.25]]

Claims
    - recurrent nets need clipping

References
    Mikolov, Statistical Language Models Based on Neural Networks, thesis, Brno University of Technology,
    2012.
"""

from __future__ import annotations

from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from gradwise.registry import Span
from gradwise.regularize.regulariser import Regulariser, RegulariserInfo

VALUE = 0.5  # documentation of Keras, optimizers, clipvalue


class ClipValue(Regulariser):
    """Every component from −c to c.

    Args:
        value: c.
    """

    turn: ClassVar[int] = 2

    def __init__(self, value: float = VALUE) -> None:
        self.value = value

    def gradient(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Cut it."""
        del optimizer
        nn.utils.clip_grad_value_(model.parameters(), self.value)


REGULARISERS = (
    RegulariserInfo(
        "clip-value",
        ClipValue,
        "bounds every component of the gradient",
        spans={"value": Span(0, beyond=True)},
    ),
)
