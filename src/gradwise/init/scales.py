"""How large outputs and gradients of every layer are, on a sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from gradwise.init.tracing import call, untouched

SEED = 0  # of the direction in which outputs are pulled


@dataclass
class Scale:
    """What a layer puts out.

    Args:
        output: root of the mean square, before the activation.
        spread: root of the mean variance over the rows of the sample: what differs from row to row.
        gradient: root of the mean square of the gradient for it, where that for the model's output is 1.
    """

    output: float = float("nan")
    spread: float = float("nan")
    gradient: float = float("nan")


def measure(model: nn.Module, layers: Iterable[tuple[str, nn.Module]], sample: Any) -> dict[str, Scale]:
    """Scales of every layer, from one forward and one backward pass.

    The model's output is pulled in a random direction of unit numbers.  Gradients that parameters hold,
    buffers and random states stay as they are.  Cost: three host transfers for each layer.

    Args:
        model: in the mode in which it is.
        layers: module of every layer by name.
        sample: see `gradwise.init.tracing.call`.
    """
    scales: dict[str, Scale] = {}
    handles = [module.register_forward_hook(_look(scales, name)) for name, module in layers]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    try:
        with untouched(model), torch.enable_grad():
            outputs = [
                value
                for value in pytree.tree_leaves(call(model, sample))
                if isinstance(value, Tensor) and value.requires_grad
            ]
            if outputs and weights:
                generator = torch.Generator().manual_seed(SEED)
                pulls = [torch.randn(value.shape, generator=generator).to(value) for value in outputs]
                torch.autograd.grad(outputs, weights, pulls, allow_unused=True)
    finally:
        for handle in handles:
            handle.remove()
    return scales


def _look(scales: dict[str, Scale], name: str) -> Any:
    def hook(_module: nn.Module, _inputs: Any, outputs: Any) -> None:
        found = [value for value in pytree.tree_leaves(outputs) if isinstance(value, Tensor)]
        if name in scales or not found or not found[0].is_floating_point():
            return  # a layer that is used twice is measured once
        value = found[0].detach()
        scale = scales[name] = Scale(_root(value), _spread(value))
        if found[0].requires_grad:

            def take(gradient: Tensor) -> None:
                scale.gradient = _root(gradient)

            found[0].register_hook(take)

    return hook


def _root(values: Tensor) -> float:
    """Root mean square; nothing overflows on the way."""
    wide = values if values.dtype == torch.float64 else values.float()
    largest = wide.abs().max().clamp(min=torch.finfo(wide.dtype).tiny)
    return float((wide / largest).square().mean().sqrt() * largest)


def _spread(value: Tensor) -> float:
    """Of what differs over the first axis, the rows of a batch."""
    if value.ndim == 0 or len(value) < 2:
        return float("nan")
    wide = value if value.dtype == torch.float64 else value.float()
    return _root(wide - wide.mean(dim=0))
