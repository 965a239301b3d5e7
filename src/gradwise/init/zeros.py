"""All weights zero: shown because it never learns.

What it is
    Every unit of a layer computes the same, gets the same gradient, and stays the same for ever; behind a
    second layer of zeros there is no gradient at all.  A net of any width then is worth one unit, or none.

Also called
    zero

Formula
    - ``w = 0``

Defaults
    Biases are zero with every initialiser; they need no breaking of symmetry.

When
    - to see the fault, which `gradwise check` calls symmetric-init
    - a linear model: logistic regression has no units to tell apart
    - single layers on purpose, set by hand: the last one of a residual branch, so that it starts as identity

When not
    - any net with a hidden layer

Confused with
    - `constant`: the same fault with gradients that do flow
    - zero biases, which are fine

Example
    The hidden units are alike before and after a step.

    >>> import gradwise, torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    >>> _ = gradwise.init(net, "zeros")
    >>> net(torch.ones(4, 2)).sum().backward()
    >>> [parameter.grad.abs().sum().item() for parameter in net.parameters()]
    [0.0, 0.0, 0.0, 4.0]

Claims
    - zero weights never break the symmetry between units

References
    Goodfellow, Bengio, Courville, Deep Learning, MIT Press 2016, section 8.4.
"""

from __future__ import annotations

from torch import Tensor, nn

from gradwise.init.initialiser import Fans, Initialiser


def zeros(weight: Tensor, fans: Fans) -> None:
    """Fill with 0."""
    del fans
    nn.init.zeros_(weight)


INITIALISERS = (Initialiser("zeros", "all weights zero", zeros, aliases=("zero",), everywhere=True),)
