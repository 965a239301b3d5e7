"""ReLU with a slight slope instead of 0 for negative numbers, so that no unit can die.

What it is
    `relu` that lets a hundredth of negative sums through.  The gradient is never 0, so a unit that is off for
    every row still learns and can come back.

Formula
    - ``z`` for z ≥ 0, ``a z`` below, with slope a
    - derivative 1 or a: it neither saturates nor dies
    - nearly as far from zero-centred as ReLU; for normal inputs: mean 0.39, deviation 0.59, gain 1.41

Defaults
    ``negative-slope`` 0.01 (Maas and others; torch).  0.2 is usual in the discriminators of
    GANs (Radford, Metz, Chintala, arXiv 1511.06434).

When
    - `gradwise check` finds dead units, or the learning rate is to be large
    - started by `he-normal`, which takes the slope into account: variance ``2 / ((1 + a²) inputs)``

When not
    - zeros are wanted: ReLU's outputs are sparse, these are not
    - the slope is worth learning: `prelu`

Confused with
    - `prelu`: the slope is a weight
    - `rrelu`: the slope is drawn anew for every number while training
    - `elu`: bends to a bound below instead of going on as a line

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> activation("leaky-relu:negative-slope=0.25")(torch.tensor([-2.0, 0.0, 3.0])).tolist()
    [-0.5, 0.0, 3.0]

Claims
    - ReLU's units die at large learning rates; these do not

References
    Maas, Hannun, Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation
from gradwise.registry import Span

ACTIVATIONS = (
    Activation(
        "leaky-relu",
        nn.LeakyReLU,
        "a slight slope below 0",
        options={"negative_slope": Span(0, 1)},
    ),
)
