"""Hooks on what enters the layers of a net while it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.nn.utils.rnn import PackedSequence

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.RNNBase)


def layers(model: nn.Module) -> dict[str, nn.Module]:
    """Dense, convolutional and recurrent layers by name, in the order in which the net holds them.

    The last projection of attention is left out: torch never calls it as a layer, so no hook hears of it.
    """
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, LAYERS) and not isinstance(module, NonDynamicallyQuantizableLinear)
    }


class Entering:
    """Changes what enters a layer in training; in evaluation it does nothing.

    A copy of the net shares it.

    Args:
        change: of the numbers that enter.
    """

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        self.change = change

    def __call__(self, layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """What a forward pre-hook is called with."""
        if not layer.training:
            return None
        first = inputs[0]
        if isinstance(first, PackedSequence):
            return (first._replace(data=self.change(first.data)), *inputs[1:])
        return (self.change(first), *inputs[1:])
