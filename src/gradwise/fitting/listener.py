"""Whoever wants to see a fit while it runs: the command line's progress bar, a notebook, a test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gradwise.data.examples import Choice


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a training stands.

    Args:
        epoch: epochs finished.
        epochs: epochs planned, at most.
        batch: batches of this epoch done.
        batches: batches of an epoch.
        loss: mean over the rows of this epoch so far; NaN before it was read.
        rate: learning rate.
        examples_per_second: of this epoch so far.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float = float("nan")
    rate: float = float("nan")
    examples_per_second: float = float("nan")


@dataclass(frozen=True, slots=True)
class EpochNews:
    """One finished epoch, in numbers that a person reads."""

    epoch: int
    train_loss: float
    valid_loss: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    rate: float = float("nan")
    examples_per_second: float = float("nan")
    best: bool = False


class Listener:
    """Hears everything, does nothing; subclasses override what they want to hear."""

    def read(self, lines: Sequence[str]) -> None:
        """The data was read: one line per column or fact."""

    def chose(self, choice: Choice) -> None:
        """A setting was chosen for the user."""

    def said(self, text: str) -> None:
        """Something worth a line happened."""

    def began(self, directory: str) -> None:
        """Training begins; everything that a resume needs is in this run directory from now on."""

    def moved(self, moment: Moment) -> None:
        """A few more batches are done."""

    def finished_epoch(self, news: EpochNews) -> None:
        """An epoch ended."""

    def found(self, names: Sequence[str]) -> None:
        """The doctor's findings so far, strongest first."""

    def ended(self, why: str) -> None:
        """Training is over and judging follows; ``why`` is "" when all epochs were done."""
