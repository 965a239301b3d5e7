"""Uniform weights whose variance is a compromise between what keeps signals and what keeps gradients.

What it is
    Forward, a layer keeps the variance of signals when its weights have variance 1/inputs; backward, it keeps
    that of gradients when they have 1/outputs.  Both cannot be had, so the mean of the two sizes is taken.
    It is derived for activations that are straight lines around zero.

Also called
    glorot, xavier, xavier-uniform

Formula
    - ``w ~ U(−a, a)``, ``a = gain · √(6/(inputs + outputs))``; variance ``gain² · 2/(inputs + outputs)``
    - of a convolution, inputs and outputs count the places of the kernel too

Defaults
    ``gain`` 1, the paper's.  ``glorot:gain=auto`` takes that of the activation which follows, as `he-normal`
    does; torch's table has 5/3 for tanh: ``glorot:gain=1.6667``.

When
    - tanh and other odd activations, attention, the gates of recurrent nets
    - wide and narrow layers alternate: neither direction is favoured

When not
    - ReLU and its kind halve the signal in every layer: `he-normal`
    - tanh nets of many tens of layers, whose signals fall by 1/√depth: ``gain=auto`` or `orthogonal`

Confused with
    - `lecun-normal`: inputs only
    - `he-uniform`: inputs only, times 2 for ReLU

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(400, 200)
    >>> _ = gradwise.init(layer, "xavier")
    >>> round(layer.weight.max().item(), 3), round(layer.weight.var().item() * 300, 1)
    (0.1, 1.0)

Claims
    - too small or too large weights kill depth; Glorot suits tanh, He suits ReLU

References
    Glorot, Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, AISTATS 2010,
    equation 16.
"""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from gradwise.init.initialiser import AUTO, GAIN, Fans, Initialiser


def glorot_uniform(weight: Tensor, fans: Fans, *, gain: float | Literal["auto"] = 1.0) -> None:
    """Fill with uniform numbers of variance ``gain² · 2/(inputs + outputs)``."""
    limit = math.sqrt(3) * fans.deviation(gain, "fan-avg")
    nn.init.uniform_(weight, -limit, limit)


INITIALISERS = (
    Initialiser(
        "glorot-uniform",
        "variance 2/(inputs + outputs), for tanh",
        glorot_uniform,
        aliases=("glorot", "xavier", "xavier-uniform"),
        spans={"gain": GAIN},
        words={"gain": AUTO},
    ),
)
