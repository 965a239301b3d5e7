"""All weights the same number: shown because the units of a layer stay copies of one another.

What it is
    Gradients flow, unlike with `zeros`, yet all units of a layer start alike and get the same gradient, so
    that a layer of any width learns what a single unit can.

Formula
    - ``w = value``

Defaults
    ``value`` 0.1 (ours, to show the fault): ``constant:value=0.01`` for another.

When
    - to see the fault, which `gradwise check` calls symmetric-init
    - tests that need a known answer

When not
    - training

Confused with
    - `zeros`
    - a constant bias, which is harmless

Example
    Three steps later the two hidden units are still the same.

    >>> import gradwise, torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
    >>> _ = gradwise.init(net, "constant:value=0.5")
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    >>> for _ in range(3):
    ...     net(torch.tensor([[1.0, 2.0], [0.5, 0.1]])).square().sum().backward()
    ...     optimizer.step()
    >>> net[0].weight[0].equal(net[0].weight[1])
    True

Claims
    - equal weights, zero or not, never break the symmetry between units

References
    Goodfellow, Bengio, Courville, Deep Learning, MIT Press 2016, section 8.4.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from gradwise.init.initialiser import Fans, Initialiser
from gradwise.registry import Span

VALUE = 0.1  # ours


def constant(weight: Tensor, fans: Fans, *, value: float = VALUE) -> None:
    """Fill with ``value``."""
    del fans
    nn.init.constant_(weight, value)


INITIALISERS = (
    Initialiser(
        "constant",
        "all weights the same number",
        constant,
        spans={"value": Span(-math.inf)},
        everywhere=True,
    ),
)
