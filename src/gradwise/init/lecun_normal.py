"""Normal weights of variance 1/inputs: signals keep their variance through layers without activation.

What it is
    A sum of n independent numbers of variance 1 has variance n; weights of variance 1/n undo that.  What the
    activation does is left to itself, which is right for SELU: its constants are chosen for just this start.

Also called
    lecun

Formula
    - ``w ~ N(0, 1/inputs)``

Defaults
    ``gain`` 1; ``lecun:gain=auto`` is `he-normal`.

When
    - SELU nets (self-normalizing)
    - linear layers and layers followed by a norm layer

When not
    - ReLU: signals halve in every layer; `he-normal`

Confused with
    - `he-normal`, twice the variance for ReLU
    - `glorot-normal`, the mean of inputs and outputs

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(400, 200)
    >>> _ = gradwise.init(layer, "lecun")
    >>> round(layer.weight.var().item() * 400, 2)
    1.0

Claims
    - too small or too large weights kill depth

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998, section 4.6.
    Klambauer, Unterthiner, Mayr, Hochreiter, Self-Normalizing Neural Networks, arXiv 1706.02515.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from gradwise.init.initialiser import AUTO, GAIN, Fans, Initialiser


def lecun_normal(weight: Tensor, fans: Fans, *, gain: float | Literal["auto"] = 1.0) -> None:
    """Fill with normal numbers of variance ``gain²/inputs``."""
    nn.init.normal_(weight, 0.0, fans.deviation(gain))


INITIALISERS = (
    Initialiser(
        "lecun-normal",
        "variance 1/inputs, for SELU",
        lecun_normal,
        aliases=("lecun",),
        spans={"gain": GAIN},
        words={"gain": AUTO},
    ),
)
