"""What a loss declares, and the form of a target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss by name.

    Args:
        name: its usual name.
        maker: makes a module that takes (N, K) outputs and a target, and returns the mean over the batch.
        tasks: kinds of task that it is for: ``classes`` (target (N,) int64 ids), ``labels`` ((N, K) of 0 and
            1), ``numbers`` ((N, K) float).
        summary: one clause.
        aliases: other names.
    """

    name: str
    maker: Callable[..., nn.Module]
    tasks: tuple[str, ...]
    summary: str
    aliases: tuple[str, ...] = ()


def as_labels(target: Tensor, outputs: Tensor) -> Tensor:
    """Class ids (N,) as (N, K) rows of 0 and a single 1; labels stay what they are."""
    if target.ndim == outputs.ndim:
        return target.to(outputs.dtype)
    return nn.functional.one_hot(target, outputs.shape[-1]).to(outputs.dtype)
