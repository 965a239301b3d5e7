"""`GradwiseHandler` for ignite: ``GradwiseHandler(model, optimizer).attach(trainer)``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradwise.integrations.composing import framework
from gradwise.integrations.watching import Watching


class GradwiseHandler(Watching):
    """Watches ``trainer.run`` and says what is wrong when it ends.

    Args:
        model: the module that the trainer's update function trains, or a list of them.
        optimizer: its optimizer, or a list of them; None watches every optimizer that steps.
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take.
        show: print the diagnosis to standard error at the end.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any = None,
        out: str | Path | None = None,
        budget: str | float = "2%",
        *,
        show: bool = True,
    ) -> None:
        super().__init__(out, budget, show=show)
        self.model = model
        self.optimizer = optimizer

    def attach(self, engine: Any) -> None:
        """Begin with the engine's start, end with its end.

        Raises:
            MissingDependencyError: ignite is not installed.
        """
        events = framework("ignite", "pytorch-ignite", "ignite.engine").Events
        engine.add_event_handler(events.STARTED, lambda _: self.begin_watch(self.model, self.optimizer))
        engine.add_event_handler(events.COMPLETED | events.TERMINATE, lambda _: self.end_watch())
