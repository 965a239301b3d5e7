"""What a resampler declares, and what all of them share: wanted rows, neighbours, the package they use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwise.data.examples import Array, Choice, Examples
from gradwise.errors import MissingDependencyError, UsageError
from gradwise.registry import Span

RATIO = Span(0, 1, beyond=True)
NEIGHBOURS = Span(1, whole=True)


@dataclass(frozen=True, slots=True)
class Rows:
    """Training rows that are to be resampled.

    Args:
        inputs: arrays by name, N rows each.
        target: (N,) int64 class ids.
        classes: names by id.
        seed: of what is drawn.
    """

    inputs: Mapping[str, Array]
    target: Array
    classes: tuple[str, ...]
    seed: int

    @property
    def counts(self) -> Array:
        """(K,) rows of every class."""
        return np.bincount(self.target, minlength=len(self.classes))


@dataclass(frozen=True, slots=True)
class Made:
    """What a resampler comes to.

    Args:
        kept: (M,) rows that are taken, in their order; one may stand more than once.
        inputs: rows made anew, by the names of the inputs; empty where none are made.
        target: (S,) their classes.
        notes: clauses for the user.
    """

    kept: Array
    inputs: Mapping[str, Array] = field(default_factory=dict)
    target: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resampler:
    """A resampler by name.

    Args:
        name: its usual name.
        maker: takes `Rows` and its options as keyword arguments.
        summary: one clause.
        spans: of options that take numbers.
        words: of options that take one of some words.
        only: names of the only inputs that it can take; empty: rows are taken whole, so any.
        aliases: other names.
    """

    name: str
    maker: Callable[..., Made]
    summary: str
    spans: Mapping[str, Span] = field(default_factory=lambda: MappingProxyType({"ratio": RATIO}))
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    only: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resampled:
    """Training rows after resampling.

    Args:
        examples: the rows.
        before: rows of every class before.
        learnt: rows of every class now.
        choices: what was done, with the numbers.
    """

    examples: Examples
    before: tuple[int, ...]
    learnt: tuple[int, ...]
    choices: tuple[Choice, ...]


def grown(counts: Array, ratio: float) -> dict[int, int]:
    """Rows wanted of every class that has fewer than ``ratio`` times those of the largest.

    >>> grown(np.array([100, 0, 30, 60]), 0.5)
    {2: 50}
    """
    wanted = round(ratio * int(counts.max()))
    return {int(place): wanted for place in np.flatnonzero((counts > 0) & (counts < wanted))}


def shrunk(counts: Array, ratio: float) -> dict[int, int]:
    """Rows left of every class that has more than those of the smallest over ``ratio``.

    >>> shrunk(np.array([100, 0, 30, 60]), 0.5)
    {0: 60}
    """
    most = round(int(counts[counts > 0].min()) / ratio)
    return {int(place): most for place in np.flatnonzero(counts > most)}


def neighbours(name: str, rows: Rows, wanted: Mapping[int, int], asked: int | None, usual: int) -> Neighbours:
    """How many neighbours each class that grows can have: one less than its rows.

    Args:
        name: of the resampler.
        rows: all of them.
        wanted: rows of every class that grows.
        asked: by the user; None: the usual number, or fewer where a class has fewer.
        usual: number.

    Raises:
        UsageError: a class with a single row, or with too few for what was asked.
    """
    each: dict[int, int] = {}
    notes = []
    for place in wanted:
        held, word = int(rows.counts[place]), rows.classes[place]
        if held == 1:
            raise UsageError(
                f"--resample {name}: class {word!r} has 1 training row, and a row between two needs 2; "
                "take random-over-sampling, or give more rows of it."
            )
        if asked is not None and asked > held - 1:
            raise UsageError(
                f"--resample {name}: {asked} neighbours need {asked + 1} training rows of class {word!r}, "
                f"which has {held}; write {name}:k-neighbors={held - 1}, or take random-over-sampling."
            )
        each[place] = min(asked or usual, held - 1)
        if asked is None and held - 1 < usual:
            notes.append(f"{held - 1} of {usual} neighbours for {word!r}, which has {held} rows")
    return Neighbours(each, tuple(notes))


@dataclass(frozen=True, slots=True)
class Neighbours:
    """How many neighbours each growing class gets, and where these are fewer than usual."""

    each: Mapping[int, int]
    notes: tuple[str, ...] = ()


def imblearn(module: str) -> Any:
    """A module of imbalanced-learn, e.g. ``over_sampling``.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        return importlib.import_module(f"imblearn.{module}")
    except ImportError as error:
        raise MissingDependencyError(
            f"--resample needs imbalanced-learn ({error}); install `gradwise[imbalance]`, or take "
            "--class-weights yes or --balanced-batches, which need nothing."
        ) from error
