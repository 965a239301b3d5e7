"""Starting the weights of a whole model over."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from gradwise.init.collection import INITIALISERS, Initialiser

GATES = {"LSTM": 4, "GRU": 3}  # matrices that torch stacks in one weight of a recurrent layer


@torch.no_grad()
def apply(model: nn.Module, name: str) -> None:
    """Draws the weights of dense, convolutional and recurrent layers anew; their biases become zero.

    Gates that torch stacks in one matrix are drawn one by one, and an LSTM's forget gate keeps its bias: that
    is a choice of its own.  Embeddings and norm layers keep what they have.

    Args:
        model: changed in place.
        name: a name or alias of `INITIALISERS`.

    Raises:
        UnknownNameError: no initialiser is called so.
    """
    fill = INITIALISERS[name]
    for module in model.modules():
        if isinstance(module, nn.RNNBase):
            _recurrent(module, fill)
        elif isinstance(module, nn.Linear | _ConvNd):
            fill(module.weight)
            if module.bias is not None:
                module.bias.zero_()


def _recurrent(layer: nn.RNNBase, fill: Initialiser) -> None:
    gates = GATES.get(layer.mode, 1)
    for name, parameter in layer.named_parameters():
        if name.startswith("weight"):
            for gate in parameter.chunk(gates):  # (H, in)
                fill(gate)
        elif name.startswith("bias"):
            _zero_bias(parameter, keep_forget=gates == GATES["LSTM"])


def _zero_bias(bias: Tensor, *, keep_forget: bool) -> None:
    quarter = len(bias) // 4  # gates i, f, g, o
    forget = bias[quarter : 2 * quarter].clone()
    bias.zero_()
    if keep_forget:
        bias[quarter : 2 * quarter] = forget
