"""What a scaling of inputs declares, and one that has been chosen with its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gradwise.data.examples import Kind
from gradwise.registry import Span, check_options

FARTHEST = 10.0  # deviations or ranges; by Chebyshev at most 1 % of any column lies beyond 10 deviations
ANYWHERE = 3.4e38  # no bound but that of float32


class Spread(NamedTuple):
    """What is known of a column over the training rows; float64.

    Args:
        mean: of its numbers.
        deviation: standard deviation; 1 or 0 where they are constant.
        low: the least.
        high: the largest.
    """

    mean: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scaling:
    """A scaling by name.

    Args:
        name: its usual name.
        summary: one clause, as it is told of a fit.
        kinds: of data that it is for.
        affine: called with a `Spread` and the options, gives shift and scale of ``(x − shift) / scale``;
            None: each example is scaled by its own numbers.
        aliases: other names.
        options: what it can be told, with the numbers that each takes.
        defaults: of all options.
    """

    name: str
    summary: str
    kinds: tuple[Kind, ...]
    affine: Callable[..., tuple[float, float]] | None = None
    aliases: tuple[str, ...] = ()
    options: Mapping[str, Span] = field(default_factory=dict)
    defaults: Mapping[str, float] = field(default_factory=dict)

    def chosen(self, given: Mapping[str, Any]) -> Scale:
        """It, with these options.

        Raises:
            UsageError: an option that it has not, or a value that the option does not take.
        """
        check_options("scaling", self.name, given, self.options, self.options)
        told = {word: float(value) for word, value in given.items() if value is not None}
        return Scale(self, {**self.defaults, **told})


@dataclass(frozen=True, slots=True)
class Scale:
    """A scaling with its options; made by `gradwise.data.scaling.choose`.

    Args:
        scaling: which; None: numbers stay as they are.
        options: all of them.
    """

    scaling: Scaling | None
    options: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called; ``none`` where numbers stay as they are."""
        return "none" if self.scaling is None else self.scaling.name

    @property
    def summary(self) -> str:
        """One clause that tells what it does."""
        if self.scaling is None:
            return "numbers stay as they are"
        return self.scaling.summary.format(**{word: f"{value:g}" for word, value in self.options.items()})

    @property
    def floor(self) -> float | None:
        """Of a scaling by example: the least deviation, in deviations of all training rows; None else."""
        return None if self.scaling is None or self.scaling.affine is not None else self.options["floor"]

    @property
    def farthest(self) -> float:
        """How far from 0 a scaled number of a table may lie."""
        return ANYWHERE if self.scaling is None else FARTHEST

    def affine(self, spread: Spread) -> tuple[float, float]:
        """Shift and scale of ``(x − shift) / scale``; mean and deviation where each example has its own."""
        if self.scaling is None:
            return 0.0, 1.0
        if self.scaling.affine is None:
            return spread.mean, spread.deviation
        return self.scaling.affine(spread, **self.options)
