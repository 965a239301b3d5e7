"""Batch norm with its forward and backward pass written out, for those who want to see how it works.

What it is
    The same layer as `batch-norm` but for rounding, in plain operations: means, squares, a root.  The
    backward pass is derived below rather than left to autograd, which would keep every step in between.

Formula
    With m numbers per channel, sums and means over them, and ``s = √(σ² + ε)``:

    - forward ``x̂ = (x − μ) / s``, ``y = γ x̂ + β``
    - ``∂L/∂β = Σ dy`` and ``∂L/∂γ = Σ dy x̂``, since y is linear in both; ``dx̂ = γ dy``
    - x reaches L by three ways: through x̂ itself, through μ, and through σ²
    - through x̂ itself: ``dx̂ / s``
    - through σ²: ``∂L/∂σ² = Σ dx̂ (x − μ) · (−1/2) s⁻³``, ``∂σ²/∂x = 2 (x − μ) / m``; the product is
      ``−(x̂ / s) mean(dx̂ x̂)``
    - through μ: ``∂L/∂μ = −Σ dx̂ / s``, since ``Σ (x − μ) = 0`` rids σ² of it; ``∂μ/∂x = 1/m``; the product is
      ``−mean(dx̂) / s``
    - together ``dx = (dx̂ − mean(dx̂) − x̂ mean(dx̂ x̂)) / s``

    So the gradient loses its own mean and its share along x̂: shifting or stretching a channel as a whole
    changes nothing behind the layer, and nothing comes back for it.

Shapes
    (N, C), (N, C, T) or (N, C, H, W); means per channel over all other axes.  For the way back x̂, as large
    as x, and s (C,) are kept.

Defaults
    ``eps`` 1e-5 and ``momentum`` 0.1, as torch's.

When
    - to learn, to step through with a debugger, to start a variant from

When not
    - to train: `batch-norm` does the same in one kernel, with half the traffic through memory

Confused with
    - `batch-norm`: torch's, of which this is the written-out form

Example
    The gradient has mean 0 and nothing along x̂: a plain sum behind the layer sends nothing back.

    >>> import torch
    >>> from gradwise.nets import norms
    >>> x = torch.tensor([[1.0], [2.0], [6.0]], dtype=torch.float64, requires_grad=True)
    >>> norm = norms.make("batch-norm-by-hand", 1, axes=0).double()
    >>> norm(x).sum().backward()
    >>> round(x.grad.abs().max().item(), 9)
    0.0

Claims
    - the backward pass derived by hand equals autograd's

References
    Ioffe, Szegedy, Batch Normalization, arXiv 1502.03167, section 3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from gradwise.errors import UsageError
from gradwise.nets.norms.batch_norm import MOMENTUM
from gradwise.nets.norms.norm import EPSILON, Norm


class Normalise(Function):
    """``y = γ (x − μ) / √(σ² + ε) + β``, and the way back; x (N, C, ...), γ and β (C,)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gain: Tensor, shift: Tensor, eps: float) -> Tensor:
        """Keep x̂ and s for the way back."""
        axes = _others(x)
        mean = x.mean(axes, keepdim=True)  # (1, C, 1, ...)
        variance = (x - mean).square().mean(axes, keepdim=True)
        root = (variance + eps).sqrt()
        normal = (x - mean) / root
        ctx.save_for_backward(normal, root, gain)
        return _per_channel(gain, x) * normal + _per_channel(shift, x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Gradients of x, γ and β; the page derives them."""
        normal, root, gain = ctx.saved_tensors
        axes = _others(grad)
        inner = _per_channel(gain, grad) * grad  # of x̂
        straight = inner - inner.mean(axes, keepdim=True)
        along = normal * (inner * normal).mean(axes, keepdim=True)
        return (straight - along) / root, (grad * normal).sum(axes), grad.sum(axes), None


class BatchNormByHand(nn.Module):
    """Batch norm in plain operations; parameters and buffers are named as torch's.

    Args:
        channels: of the input.
        eps: added to the variance.
        momentum: share of the new batch in the running averages.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...).

        Raises:
            UsageError: in training, one number per channel.
        """
        if not self.training:
            root = (self.running_var + self.eps).sqrt()
            scale = self.weight / root
            return _per_channel(scale, x) * x + _per_channel(self.bias - scale * self.running_mean, x)
        count = x.numel() // x.shape[1]  # m
        if count == 1:
            raise UsageError(
                "batch-norm needs more than one number per channel in training; take a larger batch."
            )
        with torch.no_grad():
            variance, mean = torch.var_mean(x, _others(x))  # over m − 1
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            self.running_var.lerp_(variance.to(self.running_var), self.momentum)
            self.num_batches_tracked += 1
        normalised: Tensor = Normalise.apply(x, self.weight, self.bias, self.eps)
        return normalised


def _others(x: Tensor) -> list[int]:
    """All axes but that of the channels."""
    return [axis for axis in range(x.ndim) if axis != 1]


def _per_channel(values: Tensor, x: Tensor) -> Tensor:
    """(C,) -> (1, C, 1, ...), to go with x."""
    return values.view(1, -1, *[1] * (x.ndim - 2))


def batch_norm_by_hand(channels: int, axes: int, *, eps: float = 1e-5, momentum: float = 0.1) -> nn.Module:
    """The module; it serves any number of axes."""
    del axes
    return BatchNormByHand(channels, eps=eps, momentum=momentum)


NORMS = (
    Norm(
        "batch-norm-by-hand",
        batch_norm_by_hand,
        "batch norm written out, forward and backward",
        options={"eps": EPSILON, "momentum": MOMENTUM},
        cancels_bias=True,
    ),
)
