"""Normal weights whose variance makes up for what the activation takes away: 2/inputs for ReLU.

What it is
    ReLU sets half of its inputs to zero, which halves the mean square of the signal.  Weights of twice the
    variance make up for that, so that signals and gradients keep their scale through any number of layers.
    `gradwise.init` looks up which activation follows each layer and takes the factor that belongs to it.

Also called
    he, kaiming, kaiming-normal

Formula
    - ``w ~ N(0, gain²/inputs)``; ``inputs`` of a convolution counts the places of the kernel too
    - ``gain² = 1 / E[φ(z)²]`` for ``z ~ N(0, 1)`` and the activation φ that follows: 2 for ReLU,
      ``2/(1 + a²)`` for a leaky one of slope a (the paper's equation 15), 2.54 for tanh, 2.35 for GELU, 1
      where none follows, as behind the last layer

Defaults
    ``mode`` fan-in keeps signals; fan-out keeps gradients; fan-avg lies between.  ``gain`` auto; a number
    (``he:gain=1.4142``) for all layers alike.

When
    - ReLU, leaky ReLU, PReLU, GELU, SiLU, ELU: convolutional nets and deep dense ones
    - no norm layers, or few

When not
    - SELU: its own fixed point wants `lecun-normal`
    - residual nets without norm layers: every branch adds its variance; start the branch's last layer small

Confused with
    - `glorot-normal`: the mean of inputs and outputs, without the factor 2
    - torch's own start of dense layers, ``kaiming_uniform_(a=√5)``: a sixth of this variance

Example
    Twenty layers on, the signal is as large as at the start.

    >>> import gradwise, torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(*[part for _ in range(20) for part in (nn.Linear(256, 256), nn.ReLU())])
    >>> table = gradwise.init(net, "he", sample=torch.randn(128, 256))
    >>> 0.5 < table.rows[-1].output / table.rows[0].output < 2
    True

Claims
    - too small or too large weights kill depth; Glorot suits tanh, He suits ReLU

References
    He, Zhang, Ren, Sun, Delving Deep into Rectifiers, arXiv 1502.01852, equations 10, 14 and 15.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from gradwise.init.initialiser import AUTO, GAIN, MODES, Fans, Initialiser


def he_normal(
    weight: Tensor, fans: Fans, *, mode: str = "fan-in", gain: float | Literal["auto"] = "auto"
) -> None:
    """Fill with normal numbers of variance ``gain²/fan``."""
    nn.init.normal_(weight, 0.0, fans.deviation(gain, mode))


INITIALISERS = (
    Initialiser(
        "he-normal",
        "variance 2/inputs for ReLU, and what belongs to other activations",
        he_normal,
        aliases=("he", "kaiming", "kaiming-normal"),
        spans={"gain": GAIN},
        words={"gain": AUTO, "mode": MODES},
    ),
)
