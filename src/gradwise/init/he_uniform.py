"""Uniform weights whose variance makes up for what the activation takes away: 2/inputs for ReLU.

What it is
    `he-normal` with uniform numbers: the same variance, no weight larger than √3 deviations.

Also called
    kaiming-uniform

Formula
    - ``w ~ U(−a, a)`` with ``a = gain · √(3/inputs)``; the gain is that of `he-normal`

Defaults
    ``mode`` fan-in, ``gain`` auto, as with `he-normal`.

When
    - as `he-normal`; the two differ little
    - single large weights would hurt, as in nets that are cut to few bits

When not
    - tanh: `glorot-uniform`; SELU: `lecun-normal`

Confused with
    - torch's own start of dense layers, ``kaiming_uniform_(a=√5)``, whose variance is a sixth of this

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Sequential(torch.nn.Linear(600, 200), torch.nn.ReLU(), torch.nn.Linear(200, 1))
    >>> _ = gradwise.init(net, "he-uniform")
    >>> round(net[0].weight.max().item(), 2), round(net[0].weight.var().item() * 300, 2)
    (0.1, 1.0)

Claims
    - too small or too large weights kill depth; Glorot suits tanh, He suits ReLU

References
    He, Zhang, Ren, Sun, Delving Deep into Rectifiers, arXiv 1502.01852.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from gradwise.init.initialiser import AUTO, GAIN, MODES, Fans, Initialiser


def he_uniform(
    weight: Tensor, fans: Fans, *, mode: str = "fan-in", gain: float | Literal["auto"] = "auto"
) -> None:
    """Fill with uniform numbers of variance ``gain²/fan``."""
    limit = math.sqrt(3) * fans.deviation(gain, mode)
    nn.init.uniform_(weight, -limit, limit)


INITIALISERS = (
    Initialiser(
        "he-uniform",
        "variance 2/inputs for ReLU, uniform",
        he_uniform,
        aliases=("kaiming-uniform",),
        spans={"gain": GAIN},
        words={"gain": AUTO, "mode": MODES},
    ),
)
