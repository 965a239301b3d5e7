"""Each number times the tanh of its softplus: a smooth ReLU with a slightly deeper dip than SiLU.

What it is
    One more self-gated curve, close to `silu` and a little steeper; known from the detector
    YOLOv4.

Formula
    - ``z tanh(ln(1 + eᶻ))``; least value −0.309 at −1.192
    - derivative between −0.11 and 1.09; it saturates at 0 on the left only, far out
    - not zero-centred; for normal inputs: mean 0.24, deviation 0.63, gain 1.49

Defaults
    No options.

When
    - weights of a net trained with it are to be loaded
    - the last tenth of a per cent of a convolutional net is sought and `silu` has been tried
    - started by `he-normal`, which uses its own gain

When not
    - time counts: an exponential, a logarithm and a tanh per number

Confused with
    - `silu`: the sigmoid in place of ``tanh(softplus)``
    - `gelu`

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> [round(value, 4) for value in activation("mish")(torch.tensor([-1.0, 0.0, 1.0])).tolist()]
    [-0.3034, 0.0, 0.8651]

Claims
    None of its own: expect small differences from ReLU and SiLU on small nets.  Far on the left it passes no
    gradient, but nearer to 0 it does, so units seldom die.

References
    Misra, Mish: A Self Regularized Non-Monotonic Activation Function, arXiv 1908.08681.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (Activation("mish", nn.Mish, "a number times the tanh of its softplus"),)
