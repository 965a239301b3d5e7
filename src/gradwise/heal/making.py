"""Runs made within a budget: kept ones are taken from the record, new ones are written to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from gradwise.heal.candidates import lengthened
from gradwise.heal.record import Record
from gradwise.heal.trial import Ran, Trial, shown_cures

SLOWER = 4.0  # a run may take so many times as long as the script's own
SPARE = 20.0  # seconds on top


class OutOfTimeError(Exception):
    """The budget is spent; what was made so far is kept."""


class Maker(Protocol):
    """Makes runs, as `gradwise.heal.rerun.Reruns` does."""

    def run(self, trial: Trial, limit: float) -> Ran:
        """Make a run that ends within so many seconds."""

    def place(self, key: str) -> Path:
        """Where it is kept."""


class Listener:
    """Told what happens; does nothing by itself."""

    def phase(self, name: str, text: str) -> None:
        """A part begins."""

    def begins(self, name: str, trial: Trial, spent: float, budget: float) -> None:
        """A run begins."""

    def ran(self, name: str, ran: Ran, value: float | None) -> None:
        """A run has ended, and its number where there is one to compare."""

    def note(self, text: str) -> None:
        """Something to know."""


@dataclass(slots=True)
class Runs:
    """Runs within a budget.

    Args:
        maker: makes them.
        record: keeps them.
        budget: seconds for all of them together.
        listener: told of each.
        notes: what is worth knowing at the end.
    """

    maker: Maker
    record: Record
    budget: float
    listener: Listener = field(default_factory=Listener)
    notes: list[str] = field(default_factory=list)
    single: float = 0.0  # seconds of the script's own run
    _asked: set[str] = field(default_factory=set)
    spent: float = (
        0.0  # seconds of the runs asked for so far, kept ones too, so that a resumed heal decides alike
    )

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self.budget - self.spent

    def place(self, ran: Ran) -> Path:
        """Where a run is kept."""
        return self.maker.place(ran.key)

    def note(self, text: str) -> None:
        """Keep a sentence for the end, and tell it."""
        if text not in self.notes:
            self.notes.append(text)
            self.listener.note(text)

    def get(self, trial: Trial, read: Callable[[Ran], float] | None = None) -> Ran:
        """The run of a trial: the kept one, or one made now.

        Args:
            trial: what to run.
            read: takes the number out of it, to be shown.

        Raises:
            OutOfTimeError: the budget does not reach for it.
        """
        kept = self.record.runs.get(trial.key)
        if kept is None:
            kept = self._made(trial)
        if trial.key not in self._asked:
            self._asked.add(trial.key)
            self.spent += kept.seconds
        value = read(kept) if read is not None and kept.held else None
        self.listener.ran(shown_cures(trial.cures), kept, value)
        return kept

    def _made(self, trial: Trial) -> Ran:
        left = self.left
        own = SLOWER * self.single * lengthened(trial.cures) + SPARE if self.single else left
        if left <= 0:
            raise OutOfTimeError
        self.listener.begins(shown_cures(trial.cures), trial, self.spent, self.budget)
        ran = self.maker.run(trial, min(left, own))
        if ran.status == "killed" and left <= own:
            raise OutOfTimeError
        self.record.keep(ran)
        return ran
