"""ReLU cut off at 6, so that few bits hold its whole range.

What it is
    `relu` with a ceiling.  It was chosen for nets that run on phones: a range known beforehand, from 0 to 6,
    can be held in eight bits without losing the small numbers.

Formula
    - ``min(max(0, z), 6)``
    - derivative 1 between 0 and 6, else 0: it dies on the left like ReLU, and saturates above 6 too
    - not zero-centred; for normal inputs: mean 0.40, deviation 0.58, gain 1.41

Defaults
    No options; the 6 is that of the first use (Krizhevsky, 2010) and of MobileNet.

When
    - the net is to be quantised to eight bits or fewer, or run in float16
    - MobileNet weights are to be loaded
    - started by `he-normal`: few numbers reach 6 at first, so ReLU's gain serves

When not
    - nothing is quantised: the ceiling only costs gradient
    - inputs are not standardised: many sums lie above 6 and learn nothing

Confused with
    - `relu`: no ceiling
    - hard sigmoid: ``relu6(z + 3) / 6``

Example
    >>> import torch
    >>> from gradwise.nets.activations import activation
    >>> activation("relu6")(torch.tensor([-2.0, 4.0, 9.0])).tolist()
    [0.0, 4.0, 6.0]

Claims
    - like ReLU's, its units die at large learning rates; leaky ones do not

References
    Howard and others, MobileNets, arXiv 1704.04861.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.activations.activation import Activation

ACTIVATIONS = (Activation("relu6", nn.ReLU6, "ReLU with a ceiling of 6"),)
