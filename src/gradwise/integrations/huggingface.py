"""`GradwiseCallback` for the Trainer of transformers: ``Trainer(..., callbacks=[GradwiseCallback()])``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.integrations.composing import composed, framework
from gradwise.integrations.watching import Watching


class Hooks(Watching):
    """Watches ``Trainer.train`` and says what is wrong when it ends.

    Args:
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take.
        show: print the diagnosis to standard error at the end.
    """

    def on_train_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Training begins.  Other processes than the first do nothing."""
        if state.is_world_process_zero:
            optimizer = parts.get("optimizer")
            # Accelerate wraps the optimizer; the one inside is what steps.
            self.begin_watch(parts["model"], getattr(optimizer, "optimizer", optimizer))

    def on_train_end(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
        """Training is over."""
        self.end_watch()


if TYPE_CHECKING:
    GradwiseCallback = Hooks


def __getattr__(name: str) -> Any:
    if name != "GradwiseCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    base = framework("transformers", "transformers", "transformers.trainer_callback").TrainerCallback
    made = globals()[name] = composed(name, Hooks, base)
    return made
