"""Squashes any number into the range from −1 to 1, with 0 in the middle.

What it is
    The hyperbolic tangent: the line ``y = z`` near 0, bent over to −1 and 1 far from it.

Formula
    - ``tanh(z) = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)``, between −1 and 1
    - derivative ``1 − tanh²(z)``: 1 at 0, below 0.01 beyond |z| = 3: it saturates on both sides
    - zero-centred; for normal inputs: mean 0.00, deviation 0.63, gain 1.59

Defaults
    No options.

When
    - shallow nets, LeNet-5, the states of recurrent nets, where a bounded number must not run away
    - outputs that lie between −1 and 1 by nature
    - started by `glorot-uniform`, which was derived for it

When not
    - deep nets without norm layers: units that saturate pass no gradient on; take `relu` or `gelu`
    - the last layer of a regression whose targets lie beyond 1: they cannot be reached

Confused with
    - `sigmoid`: the same curve from 0 to 1, not zero-centred and half as wide
    - LeCun's ``1.7159 tanh(2z/3)``, scaled to give deviation 1 for deviation 1

Example
    Nearly the line near 0, nearly 1 far out.

    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> [round(value, 4) for value in activation("tanh")(torch.tensor([-0.1, 0.0, 1.0, 5.0])).tolist()]
    [-0.0997, 0.0, 0.7616, 0.9999]

Claims
    - Glorot's start suits it, as He's suits ReLU
    - zero-centred signals train faster

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, in Neural Networks: Tricks of the Trade, 1998.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (Activation("tanh", nn.Tanh, "from -1 to 1, zero-centred"),)
