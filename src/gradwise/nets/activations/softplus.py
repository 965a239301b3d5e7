"""A smooth ReLU that is above 0 everywhere: the way to make an output positive.

What it is
    The integral of the sigmoid.  Far on the right it is the line, far on the left nearly 0, and nowhere
    exactly 0, so whatever it puts out can be divided by or be the deviation of a distribution.

Formula
    - ``ln(1 + e^(β z)) / β``, above 0; at least ``max(0, z)``, by ln 2 / β more at 0
    - derivative ``σ(β z)``: it saturates at 0 on the left, 1 on the right; nothing dies, but slowly learns
    - not zero-centred, the worst here; for normal inputs: mean 0.81, deviation 0.52, gain 1.04

Defaults
    ``beta`` 1; above ``threshold`` 20 of β z the line itself, which float32 cannot tell apart (torch).

When
    - outputs that must be positive: a rate, a deviation, a duration
    - a smooth hinge

When not
    - hidden layers: all outputs are positive, with a mean larger than their deviation, and `relu` trains
      better; where it is wanted all the same, start by `he-normal`, which uses its own gain

Confused with
    - `softmax`: shares of several numbers; no kin of it
    - ``exp``: positive too, but one large score makes it burst
    - `relu`: what it becomes as β grows

Example
    ln 2 at 0; far out no overflow.

    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> [round(value, 4) for value in activation("softplus")(torch.tensor([-10000.0, 0.0, 10000.0])).tolist()]
    [0.0, 0.6931, 10000.0]

Claims
    None of its own: expect slower training than with ReLU in hidden layers, since zero-centred signals train
    faster.

References
    Dugas, Bengio, Bélisle, Nadeau, Garcia, Incorporating Second-Order Functional Knowledge for Better Option
    Pricing, NIPS 2000.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation
from gradwise.registry import Span

ACTIVATIONS = (
    Activation(
        "softplus",
        nn.Softplus,
        "smooth and above 0 everywhere",
        options={"beta": Span(0, 1000, beyond=True), "threshold": Span(0, 1000)},
    ),
)
