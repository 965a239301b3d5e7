"""Uniform numbers of one range for all layers, whatever their size.

What it is
    Independent draws, all values between two limits alike.  As with `normal` the scale does not follow the
    width of a layer.

Also called
    random-uniform

Formula
    - ``w ~ U(low, high)``; its standard deviation is ``(high − low) / √12``

Defaults
    ``low`` −0.05 and ``high`` 0.05: Keras' RandomUniform.  Embeddings are drawn likewise.

When
    - a paper names a range: seq2seq nets of LSTM layers start from ``uniform:low=-0.08,high=0.08``
      (Sutskever, Vinyals, Le, arXiv 1409.3215, section 3.4)

When not
    - deep nets without norm layers: `glorot-uniform` or `he-uniform`

Confused with
    - `glorot-uniform` and `he-uniform`, whose range follows from the layer
    - what torch gives dense layers by itself: uniform within ``1 / √inputs``, a third of the variance of
      `lecun-normal`

Example
    >>> import gradwise, torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Linear(300, 200)
    >>> _ = gradwise.init(layer, "uniform:low=-0.08,high=0.08")
    >>> round(layer.weight.max().item(), 3), round(layer.weight.std().item() * 12**0.5, 2)
    (0.08, 0.16)

Claims
    - too small or too large weights kill depth

References
    Sutskever, Vinyals, Le, Sequence to Sequence Learning with Neural Networks, arXiv 1409.3215.
"""

from __future__ import annotations

import math

from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.init.initialiser import Fans, Initialiser
from gradwise.registry import Span

RANGE = 0.05  # half of it; Keras' RandomUniform


def uniform(weight: Tensor, fans: Fans, *, low: float = -RANGE, high: float = RANGE) -> None:
    """Fill with uniform numbers.

    Raises:
        UsageError: ``low`` is above ``high``.
    """
    del fans
    if low > high:
        raise UsageError(f"initialiser 'uniform': low {low:g} lies above high {high:g}; change them over.")
    nn.init.uniform_(weight, low, high)


INITIALISERS = (
    Initialiser(
        "uniform",
        "uniform numbers of one range for all layers",
        uniform,
        aliases=("random-uniform",),
        spans={"low": Span(-math.inf), "high": Span(-math.inf)},
        everywhere=True,
    ),
)
