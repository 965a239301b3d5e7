"""Each number times the share of normal numbers below it: a smooth ReLU, usual in transformers.

What it is
    ReLU multiplies by 1 or 0 according to the sign; here the factor goes smoothly from 0 to 1 as the number
    grows.  A little below 0 it dips under 0 and comes back.

Formula
    - ``z Φ(z)``, Φ the distribution function of the normal law; least value −0.170 at −0.752
    - derivative ``Φ(z) + z φ(z)``: between −0.13 and 1.13; it saturates at 0 on the left only, far out
    - not zero-centred; for normal inputs: mean 0.28, deviation 0.59, gain 1.53

Defaults
    ``approximate`` none (torch).  ``gelu:approximate=tanh`` is ``z/2 (1 + tanh(√(2/π) (z + 0.044715 z³)))``,
    which GPT-2 used; it differs by less than 0.0005.

When
    - transformers and MLP-mixers, also deep convolutional nets such as ConvNeXt
    - a smooth loss is wanted, for second-order methods
    - started by `he-normal`, which uses its own gain

When not
    - time counts on small devices: it costs more than ReLU
    - weights of a net trained with the other form are to be loaded: take the same form

Confused with
    - `silu`: the logistic function in place of Φ; GELU is near ``z σ(1.702 z)``
    - `relu`: its sharp form

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> [round(value, 4) for value in activation("gelu")(torch.tensor([-1.0, 0.0, 1.0])).tolist()]
    [-0.1587, 0.0, 0.8413]

Claims
    None of its own: expect small differences from ReLU on small nets.  Far on the left it passes no gradient,
    but nearer to 0 it does, so units seldom die.

References
    Hendrycks, Gimpel, Gaussian Error Linear Units (GELUs), arXiv 1606.08415.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (
    Activation("gelu", nn.GELU, "smooth ReLU of transformers", options={"approximate": ("none", "tanh")}),
)
