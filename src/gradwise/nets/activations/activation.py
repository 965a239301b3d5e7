"""What an activation declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from gradwise.nets.settings import Takes, checked


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation by name.

    Args:
        name: its usual name.
        maker: of the module, called with the options.
        summary: one clause.
        aliases: other names.
        options: what it can be told, and which numbers or words each takes.
        settings: what it is told where it is not told otherwise and torch's own default is not taken.
    """

    name: str
    maker: Callable[..., nn.Module]
    summary: str
    aliases: tuple[str, ...] = ()
    options: Mapping[str, Takes] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def make(self, given: Mapping[str, Any]) -> nn.Module:
        """The module, with these options.

        Raises:
            UsageError: an option that it has not, or a value that the option does not take.
        """
        return self.maker(**{**self.settings, **checked("activation", self.name, given, self.options)})
