"""A recorded run in memory, as rules read it.

A `Trace` is immutable.  It comes from `gradwise.trace.read.read_trace`, from a
live watcher, or is built by hand in tests (every field has a default).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """A per-step signal, thinned into buckets of consecutive steps.

    ``steps[i]`` is the first step of bucket i, ``counts[i]`` its length,
    ``mean``/``low``/``high`` summarise it.  Short runs have buckets of one.
    ``nonfinite[i]`` counts NaN or infinite values, which the other three skip.
    """

    steps: Ints  # (B,)
    counts: Ints  # (B,)
    mean: Floats  # (B,)
    low: Floats  # (B,)
    high: Floats  # (B,)
    nonfinite: Ints  # (B,)

    @staticmethod
    def of(values: Any, start: int = 0) -> Series:
        """A series with one bucket per value (for tests and small runs)."""
        array = np.asarray(values, dtype=np.float64)
        finite = np.isfinite(array)
        kept = np.where(finite, array, np.nan)
        n = len(array)
        return Series(
            np.arange(start, start + n, dtype=np.int64),
            np.ones(n, dtype=np.int64),
            kept,
            kept,
            kept,
            (~finite).astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.steps)

    def between(self, first: int, stop: int) -> Series:
        """Buckets that start in ``[first, stop)``."""
        keep = (self.steps >= first) & (self.steps < stop)
        return Series(
            self.steps[keep],
            self.counts[keep],
            self.mean[keep],
            self.low[keep],
            self.high[keep],
            self.nonfinite[keep],
        )


@dataclass(frozen=True, slots=True)
class Table:
    """A sampled signal: one row per sampled step, one column per place; NaN = not measured."""

    steps: Ints  # (S,)
    places: tuple[str, ...]  # (P,)
    values: Floats  # (S, P)

    def __len__(self) -> int:
        return len(self.steps)

    def column(self, place: str) -> Floats:
        """Values of one place over the sampled steps, shape (S,)."""
        return self.values[:, self.places.index(place)]

    def between(self, first: int, stop: int) -> Table:
        """Rows with step in ``[first, stop)``."""
        keep = (self.steps >= first) & (self.steps < stop)
        return Table(self.steps[keep], self.places, self.values[keep])


EMPTY_SERIES = Series.of(())
EMPTY_TABLE = Table(np.zeros(0, np.int64), (), np.zeros((0, 0)))


@dataclass(frozen=True, slots=True)
class Fact:
    """Something seen that is no number over time.  Kinds and their data: docs/trace.md."""

    step: int
    kind: str
    where: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParameterInfo:
    """One parameter of a watched model.

    ``order`` counts along the forward pass (0 = nearest the input).
    """

    name: str
    shape: tuple[int, ...]
    requires_grad: bool = True
    in_optimizer: bool = True
    module: str = ""
    order: int = 0

    @property
    def is_matrix(self) -> bool:
        """True for weights of linear, convolution, recurrent and embedding layers."""
        return len(self.shape) >= 2


@dataclass(frozen=True, slots=True)
class ModuleInfo:
    """One leaf module of a watched model.

    ``activation`` is the non-linearity applied to its output (by a module or a
    function, read off the autograd graph; "" when none); for a module that is
    itself an activation it is that activation's name.  ``training`` is its mode
    in training passes at the last sampled step.
    """

    name: str
    type: str
    parameters: int = 0
    order: int = 0
    activation: str = ""
    is_activation: bool = False
    training: bool = True
    units: int = 0


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What ran, and how it ended.

    ``status`` is one of ``running``, ``finished``, ``failed`` (exception),
    ``interrupted`` (Ctrl-C) and ``stopped`` (--max-steps, --max-seconds).
    """

    script: str = ""
    argv: tuple[str, ...] = ()
    started: str = ""
    seconds: float = 0.0
    steps: int = 0
    status: str = "finished"
    error: str = ""
    gradwise: str = ""
    torch: str = ""
    python: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of steps in which the same models were trained (a fold, a stage)."""

    first_step: int
    stop_step: int
    modules: tuple[ModuleInfo, ...] = ()
    parameters: tuple[ParameterInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """A recorded run (or one segment of it), as rules read it."""

    run: RunInfo = field(default_factory=RunInfo)
    series: Mapping[str, Series] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    modules: tuple[ModuleInfo, ...] = ()
    parameters: tuple[ParameterInfo, ...] = ()
    steps: int = 0
    first_step: int = 0

    @property
    def last_step(self) -> int:
        """The last step of the run, or of the segment."""
        return self.first_step + max(self.steps - 1, 0)

    def step_signal(self, name: str) -> Series:
        """A per-step signal; empty when it was not recorded."""
        return self.series.get(name, EMPTY_SERIES)

    def sampled(self, name: str) -> Table:
        """A sampled or evaluation signal; empty when it was not recorded."""
        return self.tables.get(name, EMPTY_TABLE)

    def facts_of(self, kind: str) -> tuple[Fact, ...]:
        """All facts of one kind, in the order seen."""
        return tuple(fact for fact in self.facts if fact.kind == kind)

    def parameter(self, name: str) -> ParameterInfo | None:
        """The parameter of that dotted name, if there is one."""
        return next((p for p in self.parameters if p.name == name), None)

    def module(self, name: str) -> ModuleInfo | None:
        """The leaf module of that dotted name, if there is one."""
        return next((m for m in self.modules if m.name == name), None)
