"""``search.json``: what a search was told; enough to go on with it, or to join it from another process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gradwise.errors import UsageError
from gradwise.fitting.documents import DocumentForm
from gradwise.search.sampling import PRUNERS
from gradwise.search.space import Space
from gradwise.train.config import LARGEST_SEED, FitConfig

FILE_NAME = "search.json"
SCHEMA = 1  # raised when an older gradwise could not read the file
FORM = DocumentForm(FILE_NAME, SCHEMA, holds="search", verb="search")
TRIALS = 30  # where neither trials nor seconds are given: 10 random ones, 20 that TPE learns from
MOST_CONFIRMATIONS = 100
READING = ("time", "group", "ids", "text", "drop", "series", "task", "image_size")


@dataclass(slots=True, kw_only=True)
class SearchRecord:
    """What a search was told.

    Args:
        name: of its study.
        storage: address of the database, without a password; "" stands for a file beside this one.
        paths: of the data.
        target: columns to predict.
        reading: how the data is read.
        given: settings that the user fixed.
        space: what is searched, see `Space.as_dict`; None: the default for the kind of data.
        objective: ``auto``, ``loss`` or a metric.
        prune: ``median``, ``hyperband`` or ``no``.
        confirm: seeds that winner and default are trained with at the end.
        trials: of all workers together; None: as many as there is time for.
        seconds: of one worker; None: no limit.
    """

    name: str
    storage: str
    paths: list[str]
    target: list[str] | None
    reading: dict[str, Any] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    space: dict[str, Any] | None = None
    objective: str = "auto"
    prune: str = "median"
    confirm: int = 3
    trials: int | None = None
    seconds: float | None = None

    def check(self) -> None:
        """See that all of it can be carried out.

        Raises:
            UsageError: it cannot.
        """
        config = FitConfig.make(self.given)
        if config.runs != 1:
            raise UsageError(
                "a trial trains one net; leave --runs out, and give it to the fit with best.toml."
            )
        if self.prune not in PRUNERS:
            raise UsageError(f"--prune takes one of {', '.join(PRUNERS)}, not {self.prune!r}.")
        if self.trials is not None and self.trials < 1:
            raise UsageError(f"--trials takes a number from 1 on, not {self.trials}.")
        if self.seconds is not None and not self.seconds > 0:
            raise UsageError(f"--seconds takes a number above 0, not {self.seconds:g}.")
        if not 0 <= self.confirm <= MOST_CONFIRMATIONS:
            raise UsageError(f"--confirm takes a number from 0 to {MOST_CONFIRMATIONS}, not {self.confirm}.")
        if config.seed + self.confirm > LARGEST_SEED:
            raise UsageError(f"--seed {config.seed} leaves no fresh seeds for --confirm {self.confirm}.")
        if config.valid <= 0:
            raise UsageError("trials are compared on validation rows; give --valid a share above 0.")

    def write(self, directory: Path) -> None:
        """Write it in full or not at all.

        Raises:
            UsageError: the directory cannot be written.
        """
        FORM.write(directory, asdict(self), "make room")

    @classmethod
    def read(cls, directory: Path) -> SearchRecord:
        """The record of a search's directory.

        Raises:
            TraceError: there is none, it is damaged, or a newer gradwise wrote it.
        """
        return FORM.read(cls, directory)

    @property
    def read_space(self) -> Space | None:
        """The space, where one was given."""
        return None if self.space is None else Space.of_record(self.space)

    @property
    def wanted(self) -> int | None:
        """Trials in all."""
        return TRIALS if self.trials is None and self.seconds is None else self.trials


def reading_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """How data is read, with everything that `gradwise.data.opening.open_source` takes."""
    usual: dict[str, Any] = dict.fromkeys(READING) | {"drop": [], "series": [], "task": "auto"}
    return usual | {name: _plain(value) for name, value in given.items() if value is not None}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
