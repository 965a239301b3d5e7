"""Turns scores into shares that add up to 1: the end of a classifier, seldom anything between layers.

What it is
    Every score becomes its exponential over the sum of all exponentials.  The largest gets the largest share;
    adding a number to all scores changes nothing.

Formula
    - ``yᵢ = e^zᵢ / Σⱼ e^zⱼ``, between 0 and 1; computed with the largest score taken off, so without overflow
    - ``∂yᵢ/∂zⱼ = yᵢ (δᵢⱼ − yⱼ)``: near 0 for all once one share is near 1, so it saturates
    - not zero-centred: the mean of K outputs is 1/K

Shapes
    (N, K, ...) in and out; shares are over axis 1, the classes, or the channels of a map.

Defaults
    ``dim`` 1, the axis over which shares add up.

When
    - probabilities of classes that exclude each other, when a trained net is used
    - weights of an average inside a net: attention

When not
    - in a hidden layer, where it is most often a fault: all units of the layer share one unit of signal, so
      of 128 each passes on about 1/128, gradients shrink by as much, and the units compete.  No initialiser
      mends it, since the outputs hardly grow with the weights; take `relu`.  `gradwise fit --activation
      softmax` obeys and says so
    - in front of the loss `cross-entropy`, which applies it itself: `gradwise check` names that softmax-twice
    - labels that may hold together: `sigmoid` for each

Confused with
    - `sigmoid`: what it is of two scores, one of them 0
    - argmax: the index of the largest score; softmax is its smooth form
    - `softplus`: no kin of it

Example
    Equal scores share evenly; far out there is no overflow.

    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> scores = torch.tensor([[0.3, 0.3], [10000.0, -10000.0]])
    >>> activation("softmax")(scores).tolist()
    [[0.5, 0.5], [1.0, 0.0]]

Claims
    - softmax is for classes that exclude each other, independent sigmoids for labels that do not
    - with squared error behind it sure and wrong answers hardly learn; with cross-entropy they do

References
    Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, with Relationships to
    Statistical Pattern Recognition, in Neurocomputing, 1990.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation
from gradwise.registry import Span

ACTIVATIONS = (
    Activation(
        "softmax",
        nn.Softmax,
        "shares that add up to 1; not for hidden layers",
        options={"dim": Span(-4, 3, whole=True)},
        settings={"dim": 1},
    ),
)
