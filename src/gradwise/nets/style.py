"""Norm and activation of a convolutional net, and how its convolutions start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from gradwise.nets import norms
from gradwise.nets.activations import ACTIVATIONS
from gradwise.nets.activations import activation as make_activation
from gradwise.nets.norms.norm import MAPS


@dataclass(frozen=True, slots=True)
class Style:
    """Norm and activation of a convolutional net.

    Args:
        activation: by name.
        norm: of every convolution, by name.
    """

    activation: str
    norm: str

    @property
    def bias(self) -> bool:
        """Whether convolutions have one."""
        return norms.needs_bias(self.norm)

    @property
    def copies(self) -> bool:
        """Whether a norm layer stands before each activation, which then may write over what it is given."""
        return norms.find(self.norm) is not None

    def normed(self, channels: int) -> nn.Module:
        """A norm layer; one that changes nothing for ``none``."""
        return norms.make(self.norm, channels, axes=MAPS)

    def after(self, channels: int) -> list[nn.Module]:
        """What follows a convolution in a stack: the norm layer, if any, and the activation."""
        return [*norms.layers(self.norm, channels, axes=MAPS), self.activated()]

    def activated(self, *, free: bool = True) -> nn.Module:
        """An activation; ReLU writes over its input where that is free, which saves a map.

        Args:
            free: whether nothing else reads its input.
        """
        if free and ACTIVATIONS.name(self.activation) == "relu":
            return nn.ReLU(inplace=True)
        return make_activation(self.activation)


def start_convolutions(net: nn.Module, mode: Literal["fan_in", "fan_out"] = "fan_out") -> None:
    """He's initialisation (arXiv 1502.01852) of all convolutions, with biases of 0.

    Args:
        net: to be started.
        mode: whether forward signals (``fan_in``) or gradients (``fan_out``) keep their size.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def start_dense(net: nn.Module) -> None:
    """He's initialisation, with biases of 0, of all linear layers but the last, which feeds no activation."""
    layers = [module for module in net.modules() if isinstance(module, nn.Linear)]
    for layer in layers[:-1]:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
