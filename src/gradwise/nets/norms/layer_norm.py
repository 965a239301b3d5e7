"""Gives every row mean 0 and deviation 1 over its units, then a scale and a shift that are learnt.

What it is
    The units of a layer are put on a common scale within each row, in training and evaluation alike.
    It knows nothing of other rows, so batches may be of any size, and there is nothing to average.

Also called
    ln, layer, layernorm

Formula
    - ``μ = mean(x)``, ``σ² = mean((x − μ)²)`` per row over its units
    - ``y = γ (x − μ) / √(σ² + ε) + β``, γ and β per unit

Shapes
    (N, C): over C.  Series (N, C, T): over C at every step, so that padding changes nothing.  Maps
    (N, C, H, W): over C, H and W, γ and β per channel, which is torch's GroupNorm with one group.

Defaults
    ``eps`` 1e-5 (torch); γ 1 and β 0 at the start.

When
    - transformers and recurrent nets
    - small batches, single rows, streams
    - `gradwise fit --runs N` in one stack, which batch-norm rules out

When not
    - convolutional nets on images with large batches: `batch-norm` usually ends better
    - the size of a row matters as a whole: it is taken off

Confused with
    - `batch-norm`: over the rows, unit by unit
    - `group-norm`: over a part of the channels; with one group it is this
    - `contrast`: the same for raw images, with nothing learnt

Example
    >>> import torch
    >>> from gradwise.nets import norms
    >>> norm = norms.make("layer-norm", 3, axes=0)
    >>> [round(value, 2) for value in norm(torch.tensor([[10.0, 20.0, 30.0]])).flatten().tolist()]
    [-1.22, 0.0, 1.22]

Claims
    None of its own: expect what batch-norm gives a dense net, a little less, at any batch size.

References
    Ba, Kiros, Hinton, Layer Normalization, arXiv 1607.06450.
"""

from __future__ import annotations

from torch import Tensor, nn

from gradwise.nets.norms.norm import EPSILON, ROWS, SERIES, Norm, refuse_single


class StepLayerNorm(nn.LayerNorm):
    """Torch's layer norm over the channels of every step: (N, C, T) -> (N, C, T)."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  (torch's name)
        """Normalise over axis 1."""
        return super().forward(input.transpose(1, 2)).transpose(1, 2)


def layer_norm(channels: int, axes: int, *, eps: float = 1e-5) -> nn.Module:
    """Torch's module for so many channels with so many axes behind them.

    Raises:
        UsageError: it would see one number only.
    """
    if axes in (ROWS, SERIES):
        refuse_single("layer-norm", channels)
        return nn.LayerNorm(channels, eps=eps) if axes == ROWS else StepLayerNorm(channels, eps=eps)
    return nn.GroupNorm(1, channels, eps=eps)


NORMS = (
    Norm(
        "layer-norm",
        layer_norm,
        "each row over its units",
        ("ln", "layer", "layernorm"),
        options={"eps": EPSILON},
    ),
)
