"""Gives every channel of every image mean 0 and deviation 1 over its places.

What it is
    Brightness and contrast of each channel are taken off image by image, in training and evaluation alike;
    what is left is the pattern.  It comes from the transfer of style, where contrast is a matter of style.

Also called
    instance, instancenorm

Formula
    - ``μ = mean(x)``, ``σ² = mean((x − μ)²)`` per row and channel over its places
    - ``y = γ (x − μ) / √(σ² + ε) + β``, γ and β per channel

Shapes
    (N, C, H, W) over H and W, or (N, C, T) over T; a map needs two places or more.

Defaults
    ``eps`` 1e-5 (torch); γ 1 and β 0 at the start, learnt here, while torch's module leaves them out.

When
    - style transfer, generation of images
    - series whose level and size mean nothing, all of one length

When not
    - a table or a dense layer: a unit has one number per row and no places to average over
    - contrast tells the classes apart: it is gone
    - series of unequal length: padding would be averaged too; `layer-norm` looks at each step

Confused with
    - `group-norm`: with as many groups as channels it is this
    - `contrast`: of the input image, all channels together, nothing learnt

Example
    An image and the same with three times the contrast come out alike.

    >>> import torch
    >>> from gradwise.nets import norms
    >>> image = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> norm = norms.make("instance-norm", 1, axes=2)
    >>> torch.allclose(norm(image), norm(3 * image + 5), atol=1e-4)
    True

Claims
    None of its own: on classification expect less than from batch-norm, at any batch size.

References
    Ulyanov, Vedaldi, Lempitsky, Instance Normalization, arXiv 1607.08022.
"""

from __future__ import annotations

from torch import nn

from gradwise.errors import UsageError
from gradwise.nets.norms.norm import EPSILON, ROWS, SERIES, Norm


def instance_norm(channels: int, axes: int, *, eps: float = 1e-5) -> nn.Module:
    """Torch's module for so many channels with so many axes behind them.

    Raises:
        UsageError: there are no places to average over.
    """
    if axes == ROWS:
        raise UsageError(
            "norm 'instance-norm' averages over the places of a map or a series, and a dense layer, as on a "
            "table, has none; take layer-norm or batch-norm."
        )
    kind = nn.InstanceNorm1d if axes == SERIES else nn.InstanceNorm2d
    return kind(channels, eps=eps, affine=True)


NORMS = (
    Norm(
        "instance-norm",
        instance_norm,
        "each channel of each image over its places",
        ("instance", "instancenorm"),
        options={"eps": EPSILON},
        cancels_bias=True,
        over_time=True,
    ),
)
