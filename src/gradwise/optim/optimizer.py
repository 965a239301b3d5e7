"""What an optimizer declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch.optim import Optimizer


@dataclass(frozen=True, slots=True)
class OptimizerInfo:
    """An optimizer by name.

    Args:
        name: its usual name.
        maker: the class, called with parameter groups, ``lr`` and options.
        rate: learning rate where nothing better is known.
        source: of that rate.
        summary: one clause.
        settings: options that make it what its name says.
        fused_on: device types on which torch has it in one fused kernel.
        aliases: other names.
        whole: whether it takes all training rows at once: ``no``, ``usually`` (fewer on demand), ``always``.
        closure: it evaluates the loss itself, as often as it needs, by the closure given to ``step``.
        rated: whether there is a learning rate to choose.
        sparse: whether it takes sparse gradients.
    """

    name: str
    maker: Callable[..., Optimizer]
    rate: float
    source: str
    summary: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    fused_on: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    whole: Literal["no", "usually", "always"] = "no"
    closure: bool = False
    rated: bool = True
    sparse: bool = False
