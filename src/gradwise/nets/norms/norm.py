"""What a norm layer declares, and for which layers it can be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from gradwise.errors import UsageError
from gradwise.nets.settings import Takes, checked
from gradwise.registry import Span

ROWS, SERIES, MAPS = 0, 1, 2  # axes behind the channels: of a dense layer, over time, of images
EPSILON = Span(0, 1, beyond=True)


@dataclass(frozen=True, slots=True)
class Norm:
    """A norm layer by name.

    Args:
        name: its usual name.
        maker: of the module, called with channels, axes behind them (0 to 2) and the options.
        summary: one clause.
        aliases: other names.
        options: what it can be told, and which numbers or words each takes.
        cancels_bias: it takes off a mean of each channel's own, so that a bias before it does nothing.
        over_time: of series it averages over the steps of each, padding included.
    """

    name: str
    maker: Callable[..., nn.Module]
    summary: str
    aliases: tuple[str, ...] = ()
    options: Mapping[str, Takes] = field(default_factory=dict)
    cancels_bias: bool = False
    over_time: bool = False

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options as the maker takes them.

        Raises:
            UsageError: an option that it has not, or a value that the option does not take.
        """
        return checked("norm", self.name, given, self.options)


def refuse_single(name: str, numbers: int) -> None:
    """Refuse a norm that would see one number only and make it 0.

    Raises:
        UsageError: ``numbers`` is 1.
    """
    if numbers == 1:
        raise UsageError(
            f"norm {name!r} over a single number is always 0; give the layer more units, or take batch-norm."
        )
