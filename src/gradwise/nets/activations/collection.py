"""All activations, found by walking this package, and making one by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from gradwise.nets.activations.activation import Activation
from gradwise.registry import Registry, declared

# Modules of this package that hold no activations.
_NO_ACTIVATIONS = {"activation", "collection"}

ACTIVATIONS = Registry[Activation]("activation", group="gradwise.activations")
for _each in declared("gradwise.nets.activations", "ACTIVATIONS", skip=_NO_ACTIVATIONS):
    ACTIVATIONS.add(_each.name, _each, _each.aliases)


def activation(name: str, **options: Any) -> nn.Module:
    """A new activation module.

    Args:
        name: a name or alias of `ACTIVATIONS`, with options after a colon: ``leaky-relu:negative-slope=0.2``.
        **options: of the activation, e.g. ``negative_slope``, ``alpha``.

    Raises:
        UnknownNameError: no activation is called so.
        UsageError: an option that it has not, or a value that the option does not take.

    >>> activation("swish"), activation("leaky-relu:negative-slope=0.2")
    (SiLU(), LeakyReLU(negative_slope=0.2))
    """
    proper, written = ACTIVATIONS.parse(name)
    return ACTIVATIONS[proper].make({**written, **options})


def check_activation(name: str) -> str:
    """``name`` with the proper name and its options, checked.

    Raises:
        UnknownNameError: no activation is called so.
        UsageError: an option that it has not, or a value that the option does not take.

    >>> check_activation("swish")
    'silu'
    """
    activation(name)
    return ACTIVATIONS.proper(name)
