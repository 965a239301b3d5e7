"""What a schedule declares: a factor of the rate over time, how time is counted, and its options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gradwise.registry import Span

Factor = Callable[[int], float]  # of the rate, by batches or epochs done
Pace = Literal["batch", "epoch", "loss"]

SHARE = Span(0, 1)
RISE = Span(0)  # below 1: share of the training; from 1 on: epochs


@dataclass(frozen=True, slots=True)
class Policy:
    """A schedule by name.

    Args:
        name: its usual name.
        maker: of ``batch`` and ``epoch``: called with the length of the training in these, and options by
            keyword, it returns the `Factor`; of ``loss``: called with the optimizer, the batches of a
            warm-up and options, it returns a torch scheduler that is stepped with the loss.
        pace: what time is counted in.
        summary: one clause.
        aliases: other names.
        spans: numbers that its options take.
        rise: name of the option that says how long it warms up; "": it cannot be told to.
        rising: how long it warms up unless told: share of the training, or epochs from 1 on.
    """

    name: str
    maker: Callable[..., Any]
    pace: Pace
    summary: str
    aliases: tuple[str, ...] = ()
    spans: Mapping[str, Span] = field(default_factory=dict)
    rise: str = "warm_up"
    rising: float = 0.0

    @property
    def options(self) -> list[str]:
        """What it can be told."""
        parameters = inspect.signature(self.maker).parameters.items()
        own = [word for word, parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
        return [self.rise, *own] if self.rise else own
