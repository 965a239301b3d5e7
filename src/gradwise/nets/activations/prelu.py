"""ReLU whose slope for negative numbers is learnt.

What it is
    `leaky-relu` with its slope as a weight of the layer.  It starts at a quarter and goes where the loss
    wants it; the paper found steep slopes in first layers and flat ones in deep layers.

Formula
    - ``z`` for z ≥ 0, ``a z`` below; ``∂y/∂a = z`` below 0, else 0
    - derivative 1 or a: it neither saturates nor dies, unless a is learnt to be 0
    - not zero-centred at the start; for normal inputs: mean 0.30, deviation 0.66, gain 1.37

Shapes
    One slope per layer.  The paper's other form, a slope per channel, is ``torch.nn.PReLU(channels)``.

Defaults
    ``init`` 0.25 (He and others; torch).

When
    - data is plenty and a net of ReLU is to get a little better for a handful of weights
    - started by `he-normal`, which reads the slope that it has then

When not
    - weight decay is applied to it, which pulls the slope to 0 and so to ReLU.  gradwise's optimizers let
      weights of one axis (biases, norms, these slopes) not decay
    - nets are small: `leaky-relu` does as well

Confused with
    - `leaky-relu`: the slope is fixed
    - maxout: the larger of two sums, with twice the weights

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> prelu = activation("prelu")
    >>> prelu(torch.tensor([-2.0, 3.0])).sum().backward()
    >>> prelu.weight.item(), prelu.weight.grad.item()
    (0.25, -2.0)

Claims
    - ReLU's units die at large learning rates; these do not

References
    He, Zhang, Ren, Sun, Delving Deep into Rectifiers, arXiv 1502.01852.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation
from gradwise.registry import Span

ACTIVATIONS = (Activation("prelu", nn.PReLU, "the slope below 0 is learnt", options={"init": Span(-1, 1)}),)
