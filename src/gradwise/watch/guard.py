"""Containment: an error of ours is noted and never reaches the user's run."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from gradwise.trace.model import Fact

TOLERATED = 3  # errors of one collector before it is switched off


@dataclass
class Guard:
    """Counts contained errors by the place where they happened.

    Args:
        record: takes the fact to be written to the trace; None drops it.
    """

    record: Callable[[Fact], None] | None = None
    counts: dict[str, int] = field(default_factory=dict)

    def allows(self, where: str) -> bool:
        """Whether this collector has not failed too often."""
        return self.counts.get(where, 0) < TOLERATED

    def contain(self, where: str, error: BaseException, step: int) -> None:
        """Note an error of ours; the run goes on."""
        self.counts[where] = self.counts.get(where, 0) + 1
        if self.counts[where] > TOLERATED or self.record is None:
            return
        last = traceback.extract_tb(error.__traceback__)[-1:] if error.__traceback__ else []
        place = f" ({last[0].name})" if last else ""
        data = {"where": where, "error": f"{type(error).__name__}: {error}{place}"}
        with suppress(Exception):  # where even the note fails, there is nobody left to tell
            self.record(Fact(step, "note", where, data))
