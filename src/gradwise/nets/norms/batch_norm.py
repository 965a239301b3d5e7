"""Gives every channel mean 0 and deviation 1 over the batch, then a scale and a shift that are learnt.

What it is
    Between a layer and its activation it takes off the mean of each channel over all rows of the batch (and
    all places of a map), divides by the deviation, and lets the net learn back what scale and shift it needs.
    Meanwhile it keeps running averages of both, which stand in for the batch in evaluation, so that a
    prediction does not depend on the rows beside it.

Also called
    bn, batch, batchnorm

Formula
    - ``μ = mean(x)``, ``σ² = mean((x − μ)²)`` per channel over batch and places
    - ``y = γ (x − μ) / √(σ² + ε) + β``
    - running: ``r ← (1 − momentum) r + momentum · (μ or σ² m/(m − 1))``, m numbers per channel
    - in evaluation the running averages take the place of μ and σ²

Shapes
    (N, C), (N, C, T) or (N, C, H, W); γ and β (C,), and two running averages (C,), which are part of every
    checkpoint.

Defaults
    ``eps`` 1e-5, ``momentum`` 0.1 (torch); γ 1 and β 0 at the start.

When
    - convolutional nets and deep dense ones on batches of 16 rows or more: it allows larger rates and needs
      fewer epochs
    - before the activation, as in the paper; behind it works about as well

When not
    - batches of one or two rows: mean and deviation of so few are noise, and of one row of a table the result
      is always 0, so `gradwise fit` refuses; `group-norm` and `layer-norm` look at one row at a time
    - recurrent nets, where every step would need averages of its own
    - rows of a batch that hang together, or that differ from those at prediction: the averages lie then
    - `gradwise fit --runs N` cannot train such nets in one stack

Confused with
    - `layer-norm`: the same formula over the units of one row
    - `instance-norm`: the same over the places of one image and channel
    - standardised inputs: done once, before training, with fixed numbers
    - forgetting ``model.eval()``: predictions then depend on their batch; `gradwise check` finds the reverse

Example
    In training every column comes out with mean 0 and deviation 1.

    >>> import torch
    >>> from gradwise.nets import norms
    >>> norm = norms.make("batch-norm", 2, axes=0)
    >>> rows = torch.tensor([[1.0, 30.0], [3.0, 10.0]])
    >>> [[round(value, 2) for value in row] for row in norm(rows).tolist()]
    [[-1.0, 1.0], [1.0, -1.0]]
    >>> [round(value, 2) for value in norm.running_mean.tolist()]  # a tenth of (2, 20)
    [0.2, 2.0]

Claims
    - it allows larger rates and fewer epochs
    - it fails at batch sizes of 1 and 2, group-norm does not
    - before or behind ReLU makes little difference
    - the backward pass derived by hand equals autograd's: see `batch-norm-by-hand`

References
    Ioffe, Szegedy, Batch Normalization, arXiv 1502.03167.
"""

from __future__ import annotations

from torch import nn

from gradwise.nets.norms.norm import EPSILON, Norm
from gradwise.registry import Span

MOMENTUM = Span(0, 1)
_BY_AXES = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d)


def batch_norm(channels: int, axes: int, *, eps: float = 1e-5, momentum: float = 0.1) -> nn.Module:
    """Torch's module for so many channels with so many axes behind them."""
    return _BY_AXES[axes](channels, eps=eps, momentum=momentum)


NORMS = (
    Norm(
        "batch-norm",
        batch_norm,
        "each channel over the batch",
        ("bn", "batch", "batchnorm"),
        options={"eps": EPSILON, "momentum": MOMENTUM},
        cancels_bias=True,
    ),
)
