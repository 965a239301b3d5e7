"""Squashes any number into the range from 0 to 1, the probability whose log odds it is.

What it is
    The logistic function.  As the last step of a net it turns a score into a probability; between layers it
    was the usual activation before ReLU, and stands today in the gates of LSTM and GRU.

Also called
    logistic

Formula
    - ``σ(z) = 1 / (1 + e⁻ᶻ)``, between 0 and 1; ``σ(z) = (1 + tanh(z/2)) / 2``
    - derivative ``σ(z) (1 − σ(z))``: 1/4 at most, below 0.02 beyond |z| = 4: it saturates on both sides
    - not zero-centred; for normal inputs: mean 0.50, deviation 0.21, gain 1.85

Defaults
    No options.

When
    - the output of a yes-or-no answer, or of several labels that exclude nothing; better still, put out the
      bare score and take the loss `bce`, which applies it without rounding
    - a gate: a share by which something else is multiplied

When not
    - between layers of a deep net: a gradient shrinks to a quarter or less at each of them
    - classes that exclude each other: `softmax`

Confused with
    - `tanh`: twice as wide and zero-centred, so that the next layer's gradients are not all of one sign; both
      start from `glorot-uniform`
    - `softmax`: of two scores it is the sigmoid of their difference

Example
    Log odds of 0 are a probability of one half; far out it is 0 or 1 without overflow.

    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> activation("sigmoid")(torch.tensor([0.0, -10000.0, 10000.0])).tolist()
    [0.5, 0.0, 1.0]

Claims
    - stacks of sigmoid layers make gradients vanish, those of ReLU do not
    - with squared error behind it a wrong and sure answer hardly learns; with cross-entropy it does
    - independent sigmoids are for labels that may hold together

References
    Glorot, Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, AISTATS 2010.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (Activation("sigmoid", nn.Sigmoid, "log odds to probability", ("logistic",)),)
