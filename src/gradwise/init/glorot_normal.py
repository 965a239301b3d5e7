"""Normal weights whose variance is a compromise between what keeps signals and what keeps gradients.

What it is
    `glorot-uniform` with normal numbers: the same variance, now and then a large weight.

Also called
    xavier-normal

Formula
    - ``w ~ N(0, gain² · 2/(inputs + outputs))``

Defaults
    ``gain`` 1, the paper's; ``glorot-normal:gain=auto`` takes that of the activation which follows.

When
    - as `glorot-uniform`; the two differ little

When not
    - ReLU and its kind: `he-normal`
    - large single weights would hurt, as in nets that are cut to few bits: `glorot-uniform`

Confused with
    - `lecun-normal`: variance 1/inputs
    - `normal`: the same deviation in layers of every size

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(400, 200)
    >>> _ = gradwise.init(layer, "glorot-normal")
    >>> round(layer.weight.var().item() * 300, 2)
    1.0

Claims
    - too small or too large weights kill depth; Glorot suits tanh, He suits ReLU

References
    Glorot, Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, AISTATS 2010.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from gradwise.init.initialiser import AUTO, GAIN, Fans, Initialiser


def glorot_normal(weight: Tensor, fans: Fans, *, gain: float | Literal["auto"] = 1.0) -> None:
    """Fill with normal numbers of variance ``gain² · 2/(inputs + outputs)``."""
    nn.init.normal_(weight, 0.0, fans.deviation(gain, "fan-avg"))


INITIALISERS = (
    Initialiser(
        "glorot-normal",
        "variance 2/(inputs + outputs), normal",
        glorot_normal,
        aliases=("xavier-normal",),
        spans={"gain": GAIN},
        words={"gain": AUTO},
    ),
)
