"""What a loss declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss by name.

    Args:
        name: its usual name.
        maker: makes a module that returns the mean over the batch; what it is called with, ``takes`` tells.
        tasks: kinds of task that it is for: ``classes`` (target (N,) int64 ids), ``labels`` ((N, K) of 0 and
            1), ``numbers`` ((N, K) float).
        summary: one clause.
        aliases: other names.
        takes: ``outputs``: (outputs, target); ``features``: (features, target), where features (N, D) are
            what a net's last linear layer takes, and a training adds the cross-entropy of the outputs;
            ``head``: (outputs, target, features, weight), weight (K, D) that of the last linear layer.
        sized: the maker takes ``classes`` K and ``features`` D, because the loss has weights of its own.
    """

    name: str
    maker: Callable[..., nn.Module]
    tasks: tuple[str, ...]
    summary: str
    aliases: tuple[str, ...] = ()
    takes: Literal["outputs", "features", "head"] = "outputs"
    sized: bool = False
