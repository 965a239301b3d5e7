"""Each number times its sigmoid: a smooth ReLU that dips a little below 0.

What it is
    A number gates itself: large ones pass, small ones are held back.  Found by hand as SiLU, and again by a
    search over thousands of formulas as Swish.

Also called
    swish

Formula
    - ``z σ(z)``; least value −0.278 at −1.278
    - derivative ``σ(z) (1 + z (1 − σ(z)))``: between −0.10 and 1.10; it saturates on the left only
    - not zero-centred; for normal inputs: mean 0.21, deviation 0.56, gain 1.68

Defaults
    No options.  Swish has a factor β in the sigmoid, learnt or fixed; it is 1 in use, as here.

When
    - deep convolutional nets such as EfficientNet; gated layers of transformers
    - a smooth loss is wanted
    - started by `he-normal`, which uses its own gain

When not
    - time counts on small devices: hard-swish has no exponential
    - shallow nets: ReLU is cheaper and does as well

Confused with
    - `gelu`: the normal distribution function in place of the sigmoid, so steeper near 0
    - `mish`: ``tanh(softplus(z))`` in place of the sigmoid
    - GLU: one half of the sums gates the other

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> [round(value, 4) for value in activation("swish")(torch.tensor([-1.0, 0.0, 1.0])).tolist()]
    [-0.2689, 0.0, 0.7311]

Claims
    None of its own: expect small differences from ReLU on small nets.  Far on the left it passes no gradient,
    but nearer to 0 it does, so units seldom die.

References
    Elfwing, Uchibe, Doya, Sigmoid-Weighted Linear Units for Neural Network Function Approximation in
    Reinforcement Learning, arXiv 1702.03118.
    Ramachandran, Zoph, Le, Searching for Activation Functions, arXiv 1710.05941.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (Activation("silu", nn.SiLU, "a number times its sigmoid", ("swish",)),)
