"""A fit watches itself: the same watch that `gradwise check` puts on a script."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from gradwise.diagnosis import Diagnosis, choose_rules, diagnose
from gradwise.errors import TraceError
from gradwise.settings.locating import load_settings
from gradwise.trace.read import read_run
from gradwise.trace.store import TraceWriter
from gradwise.watch.budget import DEFAULT_BUDGET, parse_budget
from gradwise.watch.patches import Patches
from gradwise.watch.recording import run_info
from gradwise.watch.session import Session

NOT_ASKED = (
    "params-not-in-optimizer",  # layers frozen on purpose are the fit's own doing
    "overfitting",  # a fit ends with the weights of its best epoch, and stops itself when no better ones come
)


class Doctor:
    """Watches one model while it is trained; a context manager.

    The project's settings hold, searched upwards from the current directory.

    Args:
        directory: the run directory; the trace goes there.
        model: what is trained.
        optimizer: what trains it.
        name: what the run is called in reports.
        earlier: directories of the parts before this one was resumed; what they show counts.

    Raises:
        SettingsError: the project's settings cannot be read or do not hold.
    """

    def __init__(
        self, directory: Path, model: Any, optimizer: Any, name: str, earlier: Sequence[Path] = ()
    ) -> None:
        self._settings = load_settings(Path())
        self._rules = choose_rules((), NOT_ASKED, self._settings)
        share = parse_budget(self._settings.budget or DEFAULT_BUDGET)
        info = run_info(name, ())
        self.directory = directory
        self._earlier = tuple(earlier)
        self.session = Session(
            TraceWriter(directory, info), info, share=share, models=[model], optimizers=[optimizer]
        )
        self.session.stages.optimizers.add(optimizer)
        self._patches: Patches | None = None
        self._status = "finished"

    def __enter__(self) -> Doctor:
        """Begin to watch."""
        self._patches = Patches(self.session)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        """End the watch and write what is known."""
        if self._patches is not None:
            self._patches.remove()
        if kind is not None:
            self._status = "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
        self.session.finish(self._status, "" if error is None else str(error))

    @property
    def lost(self) -> str:
        """Why nothing is recorded any more, e.g. a full disk; "" while all is well."""
        return self.session.ledger.lost

    def look(self) -> Diagnosis | None:
        """The diagnosis so far; None while nothing can be read.  Cost: one pass over the run files."""
        try:
            self.session.flush()
            segments = list(read_run(self.directory).segments)
        except TraceError:
            return None
        for part in self._earlier:
            with suppress(TraceError):  # e.g. killed before anything was written
                segments = [*read_run(part).segments, *segments]
        return diagnose(segments, self._rules, settings=self._settings)


def check_settings() -> None:
    """See that the project's settings can be used, before any work.

    Raises:
        SettingsError: they cannot be read or do not hold.
        UsageError: they leave no rule to judge by.
    """
    choose_rules((), NOT_ASKED, load_settings(Path()))
