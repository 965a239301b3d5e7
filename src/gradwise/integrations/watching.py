"""What all callbacks share: a watch that a framework's events begin and end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradwise.diagnosis import Diagnosis
    from gradwise.live import Watcher


class Watching:
    """Begins a watch when training begins, ends it when training ends.

    Args:
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take, e.g. ``"2%"``.
        show: print the diagnosis to standard error at the end.

    Attributes:
        watcher_: the watch; None before training.
        diagnosis_: what was found; None before training has ended.
    """

    def __init__(
        self, out: str | Path | None = None, budget: str | float = "2%", *, show: bool = True
    ) -> None:
        super().__init__()  # the framework's own callback, in the classes made of the two
        self.out = out
        self.budget = budget
        self.show = show
        self.watcher_: Watcher | None = None
        self.diagnosis_: Diagnosis | None = None

    def begin_watch(self, model: Any, optimizer: Any = None) -> None:
        """Watch from now on; nothing happens while a watch of this callback goes on."""
        from gradwise.live import watch

        if self.watcher_ is None or self.diagnosis_ is not None:
            self.diagnosis_ = None
            self.watcher_ = watch(model, optimizer, out=self.out, budget=self.budget)

    def end_watch(self) -> None:
        """End the watch, judge the run, and print what was found where that is wanted."""
        if self.watcher_ is None or self.diagnosis_ is not None:
            return
        self.watcher_.close()
        self.diagnosis_ = self.watcher_.diagnose()
        if self.show:
            print(self.watcher_, file=sys.stderr)

    def __getstate__(self) -> dict[str, Any]:
        """Without the watch, which belongs to this process; callbacks are copied and saved with models."""
        return {**self.__dict__, "watcher_": None, "diagnosis_": None}
