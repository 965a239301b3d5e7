"""What the data room hands to training: arrays, what is to be predicted, and the choices made on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Kind = Literal["table", "images", "series", "text"]


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting that was chosen for the user, and why; every one is printed.

    Args:
        name: what was chosen, as its option is called, e.g. ``"batch-size"``.
        value: the choice, as it is shown.
        reason: one clause, with the numbers that decided.
    """

    name: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be predicted.

    Args:
        kind: ``classes`` (one of several), ``labels`` (any of several), ``numbers`` (regression).
        targets: names of the target columns; one, or several for ``labels`` and ``numbers``.
        classes: of ``classes``: their names, id by position.
        shift: of ``numbers``: mean of every target over the training rows.
        scale: of ``numbers``: standard deviation of every target over the training rows.
    """

    kind: Literal["classes", "labels", "numbers"]
    targets: tuple[str, ...]
    classes: tuple[str, ...] = ()
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    @property
    def outputs(self) -> int:
        """How many numbers a net puts out for one example."""
        return len(self.classes) if self.kind == "classes" else len(self.targets)


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows ready for a net: first axis N everywhere.

    Args:
        inputs: arrays by name, in the order in which a net takes them:
            table: ``numbers`` (N, D) float32, ``categories`` (N, C) int64, 0 = not seen in training;
            images: ``pixels`` (N, channels, height, width) uint8;
            series: ``series`` (N, T, F) float32, ``lengths`` (N,) int64;
            text: ``tokens`` (N, T) int64, 0 = padding, 1 = unknown, ``lengths`` (N,) int64.
        target: (N,) int64 class ids; (N, K) float32 labels in {0, 1} or standardised numbers; None: unknown.
    """

    inputs: dict[str, Array]
    target: Array | None = None

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def take(self, rows: Array) -> Examples:
        """These rows, copied, in this order.

        >>> Examples({"numbers": np.arange(6.0).reshape(3, 2)}).take(np.array([2, 0])).inputs["numbers"]
        array([[4., 5.],
               [0., 1.]])
        """
        target = None if self.target is None else self.target[rows]
        return Examples({name: array[rows] for name, array in self.inputs.items()}, target)


class Source(Protocol):
    """Data as it was read, before anything is fitted to it.

    ``groups`` (N,) int64 or None: rows of one group stay on one side of a split.
    ``moments`` (N,) or None: when a row was taken; splits are then by time.
    """

    kind: Kind
    groups: Array | None
    moments: Array | None

    def __len__(self) -> int: ...

    def describe(self) -> list[str]:
        """Lines that tell the user what was read, column by column."""
        ...

    def strata(self) -> Array | None:
        """(N,) int64: class of every row, for a stratified split; None where the target is no class."""
        ...

    def fingerprint(self) -> str:
        """Hexadecimal digest of the content, for ``run.json``."""
        ...

    def encoder(self, rows: Array, scale: str = "auto") -> Encoder:
        """What turns this data into arrays, fitted on ``rows`` (the training rows) only.

        ``scale`` names a scaling of `gradwise.data.scaling`, or is ``auto`` or ``none``.
        """
        ...


class Encoder(Protocol):
    """A fitted, saved preprocessing: the same for training, validation and prediction."""

    @property
    def task(self) -> Task:
        """What is to be predicted."""
        ...

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What was chosen while reading and fitting, and why."""
        ...

    def shape(self) -> dict[str, Any]:
        """What a net must know of its input, as keyword arguments of `gradwise.nets.make`.

        table: ``numbers`` D, ``categories`` (cardinality, ...) each including the unknown;
        images: ``channels``, ``height``, ``width``; series: ``features``, ``length`` (longest);
        text: ``vocabulary``, ``length``.
        """
        ...

    def transform(self, source: Source, rows: Array | None = None) -> Examples:
        """Arrays of ``rows`` (all when None); the target too where the source has it."""
        ...

    def state(self) -> dict[str, Any]:
        """Everything fitted, as JSON can hold it; `gradwise.data.opening.encoder_from` reads it back."""
        ...


@dataclass(frozen=True, slots=True)
class Split:
    """Row numbers of the three parts; ``test`` is empty unless asked for."""

    train: Array
    valid: Array
    test: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    choices: Sequence[Choice] = ()
