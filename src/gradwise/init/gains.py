"""The gain of an activation: how much larger weights must be so that signals keep their scale through it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

# Names of functions and modules, in lower case without underscores, and as they are shown.
ACTIVATIONS = {
    name.replace("-", ""): name
    for name in (
        *("relu", "relu6", "leaky-relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish"),
        *("softplus", "softsign", "tanh", "sigmoid", "hard-tanh", "hard-swish", "hard-sigmoid"),
        *("log-sigmoid", "tanh-shrink", "hard-shrink", "soft-shrink", "threshold", "clamp", "clamp-min"),
    )
}
ENDS = {"softmax", "logsoftmax", "softmin", "softmax2d"}  # of a signal: what goes in is to have a gain of 1
REACH = 8.0  # deviations; beyond lie 1e-15 of normal numbers
POINTS = 4001  # of the sum that stands for an integral; ReLU comes out right to 1e-9


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation as initialisers see it.

    >>> Activation("tanh", gain_of(torch.tanh)).gain.__round__(2)
    1.59
    """

    name: str
    gain: float


LINEAR = Activation("none", 1.0)


def gain_of(function: Callable[[Tensor], Tensor]) -> float:
    """``1 / √E[φ(z)²]`` for ``z ~ N(0, 1)``; 1 where that is not a number above 0.

    Weights of standard deviation ``gain / √inputs`` behind such an activation give sums of variance 1 again
    (He and others, arXiv 1502.01852, equation 10, written for any activation).

    Args:
        function: element by element, (N,) -> (N,) float64.

    >>> round(gain_of(torch.relu) ** 2, 6)  # He's 2
    2.0
    """
    z = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
    weights = torch.exp(-z.square() / 2)
    with torch.no_grad():
        square = float((function(z.clone()).square() * weights).sum() / weights.sum())
    return square**-0.5 if 0 < square < float("inf") else 1.0


def known(name: str) -> str:
    """The activation that a function or class of this name is, as it is shown; "" for none.

    >>> known("LeakyReLU"), known("leaky_relu_"), known("linear")
    ('leaky-relu', 'leaky-relu', '')
    """
    return ACTIVATIONS.get(name.lower().replace("_", ""), "")


def ends(name: str) -> bool:
    """Whether a function or class of this name turns numbers into shares."""
    return name.lower().replace("_", "") in ENDS


def of_module(module: nn.Module) -> Activation | None:
    """The activation that a module is; None for other modules."""
    name = known(type(module).__name__)
    if not name:
        return LINEAR if ends(type(module).__name__) else None
    if isinstance(module, nn.PReLU):
        return _leaky(name, float(module.weight.detach().mean()))
    return _safe(name, copy.deepcopy(module).double().cpu().eval())


def of_call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Activation | None:
    """The activation that a call of a function is; None for other functions."""
    plain = getattr(function, "__name__", "")
    name = known(plain)
    if not name:
        return LINEAR if ends(plain) else None
    if name == "prelu":
        slope = args[1] if len(args) > 1 else kwargs.get("weight")
        return _leaky(name, float(slope.detach().mean()) if isinstance(slope, Tensor) else 0.25)
    if name == "rrelu":
        return _leaky(name, (1 / 8 + 1 / 3) / 2)  # torch's range of slopes
    rest = {word: value for word, value in kwargs.items() if word != "input"}
    return _safe(name, lambda z: function(z, *args[1:], **rest))


def _leaky(name: str, slope: float) -> Activation:
    return Activation(name, gain_of(lambda z: torch.where(z > 0, z, slope * z)))


def _safe(name: str, function: Callable[[Tensor], Tensor]) -> Activation:
    try:
        return Activation(name, gain_of(function))
    except (RuntimeError, TypeError, ValueError):
        return Activation(name, 1.0)  # called in a way that cannot be repeated on other numbers
