"""Normal numbers of one standard deviation for all layers, whatever their size.

What it is
    Independent draws around zero.  Since the deviation does not follow the width of a layer, activations and
    gradients shrink or grow from layer to layer by a factor that depends on the width.

Also called
    gaussian, random-normal

Formula
    - ``w ~ N(mean, std²)``
    - the scale of outputs changes per layer by ``std · √(inputs · E[φ²])``

Defaults
    ``std`` 0.01 (Krizhevsky, Sutskever, Hinton 2012, section 5), ``mean`` 0.  Embeddings are drawn likewise:
    ``normal:std=0.02`` is what GPT-2 starts from.

When
    - a paper says so: AlexNet, transformers with their many norm layers
    - with batch-norm behind every layer the scale hardly matters

When not
    - deep nets without norm layers: `he-normal` for ReLU, `glorot-uniform` for tanh

Confused with
    - `he-normal`, `glorot-normal`, `lecun-normal`: the same shape, the deviation follows from the layer

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(300, 200)
    >>> _ = gradwise.init(layer, "normal:std=0.02")
    >>> round(layer.weight.std().item(), 3), layer.bias.abs().max().item()
    (0.02, 0.0)

Claims
    - too small or too large weights kill depth: with 0.01 signals die within a few layers, with 1 they
      explode

References
    Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from gradwise.init.initialiser import Fans, Initialiser
from gradwise.registry import Span

STD = 0.01  # Krizhevsky, Sutskever, Hinton 2012, section 5


def normal(weight: Tensor, fans: Fans, *, std: float = STD, mean: float = 0.0) -> None:
    """Fill with normal numbers."""
    del fans
    nn.init.normal_(weight, mean, std)


INITIALISERS = (
    Initialiser(
        "normal",
        "normal numbers of one deviation for all layers",
        normal,
        aliases=("gaussian", "random-normal"),
        spans={"std": Span(0), "mean": Span(-math.inf)},
        everywhere=True,
    ),
)
