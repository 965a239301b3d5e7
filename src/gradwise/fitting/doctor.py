"""A fit watches itself: the same watch that `gradwise check` puts on a script."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from gradwise.diagnosis import Diagnosis, choose_rules, diagnose
from gradwise.errors import TraceError
from gradwise.trace.read import read_run
from gradwise.trace.store import TraceWriter
from gradwise.watch.patches import Patches
from gradwise.watch.recording import run_info
from gradwise.watch.session import Session

SHARE = 0.02  # of step time, as `gradwise check` takes by default
NOT_ASKED = (
    "params-not-in-optimizer",  # layers frozen on purpose are the fit's own doing
    "overfitting",  # a fit ends with the weights of its best epoch, and stops itself when no better ones come
)


class Doctor:
    """Watches one model while it is trained; a context manager.

    Args:
        directory: the run directory; the trace goes there.
        model: what is trained.
        optimizer: what trains it.
        name: what the run is called in reports.
        earlier: directories of the parts before this one was resumed; what they show counts.
    """

    def __init__(
        self, directory: Path, model: Any, optimizer: Any, name: str, earlier: Sequence[Path] = ()
    ) -> None:
        info = run_info(name, ())
        self.directory = directory
        self._earlier = tuple(earlier)
        self.session = Session(
            TraceWriter(directory, info), info, share=SHARE, models=[model], optimizers=[optimizer]
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
        return diagnose(segments, choose_rules((), NOT_ASKED))
