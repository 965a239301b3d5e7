"""The line for positive numbers, an exponential that levels off at −α for negative ones.

What it is
    ReLU with a smooth, bounded left side.  Negative outputs pull the mean of a layer towards 0, and the bound
    makes units that are off insensitive to noise.

Formula
    - ``z`` for z > 0, ``α (eᶻ − 1)`` below; between −α and infinity, smooth at 0 where α = 1
    - derivative 1, below 0 ``α eᶻ``: it saturates on the left only; a unit far out on the left learns slowly
      but never gets exactly 0
    - nearer to zero-centred than ReLU; for normal inputs: mean 0.16, deviation 0.79, gain 1.25

Defaults
    ``alpha`` 1 (Clevert and others; torch).

When
    - deep nets without norm layers
    - dead ReLU units
    - started by `he-normal`, which uses its own gain

When not
    - batch-norm precedes it: the mean is near 0 anyway, and the exponential costs time

Confused with
    - `selu`: this, scaled so that mean 0 and deviation 1 keep themselves
    - CELU: smooth at 0 for every α

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> [round(value, 4) for value in activation("elu")(torch.tensor([-10.0, -1.0, 2.0])).tolist()]
    [-1.0, -0.6321, 2.0]

Claims
    - ReLU's units die at large learning rates; these do not
    - zero-centred signals train faster

References
    Clevert, Unterthiner, Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units,
    arXiv 1511.07289.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation
from gradwise.registry import Span

ACTIVATIONS = (
    Activation(
        "elu",
        nn.ELU,
        "an exponential below 0, bounded at -alpha",
        options={"alpha": Span(0, 10, beyond=True)},
    ),
)
