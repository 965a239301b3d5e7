"""Activations by name; torch supplies all of them."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from gradwise.registry import Registry

ACTIVATIONS = Registry[Callable[[], nn.Module]]("activation", group="gradwise.activations")
ACTIVATIONS.add("relu", nn.ReLU)
ACTIVATIONS.add("leaky-relu", nn.LeakyReLU)
ACTIVATIONS.add("prelu", nn.PReLU)
ACTIVATIONS.add("rrelu", nn.RReLU)
ACTIVATIONS.add("relu6", nn.ReLU6)
ACTIVATIONS.add("elu", nn.ELU)
ACTIVATIONS.add("selu", nn.SELU)
ACTIVATIONS.add("gelu", nn.GELU)
ACTIVATIONS.add("silu", nn.SiLU, aliases=("swish",))
ACTIVATIONS.add("mish", nn.Mish)
ACTIVATIONS.add("softplus", nn.Softplus)
ACTIVATIONS.add("tanh", nn.Tanh)
ACTIVATIONS.add("sigmoid", nn.Sigmoid, aliases=("logistic",))


def activation(name: str) -> nn.Module:
    """A new activation module.

    Raises:
        UnknownNameError: no activation is called so.

    >>> activation("swish")
    SiLU()
    """
    return ACTIVATIONS[name]()
