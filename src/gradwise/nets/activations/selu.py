"""ELU scaled so that signals of mean 0 and deviation 1 keep both from layer to layer.

What it is
    The two numbers in it are chosen so that mean 0 and variance 1 are a fixed point that attracts: a layer
    that gets too much or too little puts out something closer.  Deep dense nets then need no norm layers.

Formula
    - ``λ z`` for z > 0, ``λ α (eᶻ − 1)`` below; α = 1.6733, λ = 1.0507
    - derivative λ, just below 0 ``λ α`` = 1.758, falling to 0: it saturates on the left only
    - zero-centred; for normal inputs: mean 0.00, deviation 1.00, gain 1.00

Defaults
    No options; α and λ follow from the fixed point (Klambauer and others).

When
    - deep dense nets on standardised tables, without batch-norm
    - started by `lecun-normal`, variance ``1 / inputs``: the fixed point asks for it

When not
    - inputs are not standardised, weights start otherwise, or there are skip connections: nothing holds the
      fixed point then
    - with ordinary dropout, which moves mean and variance: take ``torch.nn.AlphaDropout``
    - in front of or behind batch-norm, which does the same work

Confused with
    - `elu`: the same curve, not scaled
    - `gelu` and `silu`: smooth curves that fall back to 0 on the left; no kin of it

Example
    Of a million normal numbers mean and deviation stay.

    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> outputs = activation("selu")(torch.randn(1_000_000, generator=torch.Generator().manual_seed(0)))
    >>> abs(round(outputs.mean().item(), 2)), round(outputs.std().item(), 2)
    (0.0, 1.0)

Claims
    - too small or too large first weights kill depth, and here so does any start but LeCun's

References
    Klambauer, Unterthiner, Mayr, Hochreiter, Self-Normalizing Neural Networks, arXiv 1706.02515.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (Activation("selu", nn.SELU, "ELU that keeps mean 0 and deviation 1"),)
