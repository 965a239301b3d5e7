"""Lets positive numbers through and makes all others 0.

What it is
    The rectified linear unit, the usual activation of convolutional and dense nets.  A unit is either off or
    a plain sum, so gradients pass through those that are on without loss.

Formula
    - ``max(0, z)``, from 0 up without bound
    - derivative 1 for z > 0, else 0 (torch takes 0 at 0): no saturation above, none of the gradient below
    - not zero-centred; for normal inputs: mean 0.40, deviation 0.58, gain 1.41

Defaults
    No options.

When
    - the first thing to try in most nets; the cheapest of all
    - started by `he-normal`, whose factor 2 makes up for the half that is cut off

When not
    - units die: one whose sum is negative for every row gets no gradient and never comes back.  A large
      learning rate or a large negative bias does it; `leaky-relu` and `elu` cannot die
    - the output of a regression: it can say nothing below 0

Confused with
    - `relu6`: cut off at 6 too
    - `gelu` and `silu`: smooth curves near it, a little below 0 on the left
    - `softplus`: its smooth form, above it everywhere

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> activation("relu")(torch.tensor([-2.0, 0.0, 3.0])).tolist()
    [0.0, 0.0, 3.0]

Claims
    - stacks of sigmoid layers make gradients vanish, those of ReLU do not
    - its units die at large learning rates; leaky ones do not
    - He's start suits it, as Glorot's suits tanh

References
    Nair, Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, ICML 2010.
    Glorot, Bordes, Bengio, Deep Sparse Rectifier Neural Networks, AISTATS 2011.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (Activation("relu", nn.ReLU, "positive numbers, else 0"),)
