"""`GradwiseCallback` for Lightning: ``Trainer(callbacks=[GradwiseCallback()])``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradwise.integrations.composing import composed, framework
from gradwise.integrations.watching import Watching


class Hooks(Watching):
    """Watches ``Trainer.fit`` and says what is wrong when it ends.

    Args:
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take.
        show: print the diagnosis to standard error at the end.
    """

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Models are in place and optimizers are made: begin.  Other processes than the first do nothing."""
        if trainer.is_global_zero:
            self.begin_watch(pl_module, list(trainer.optimizers) or None)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """Training and its last validation are over."""
        self.end_watch()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Training failed or was interrupted; what was recorded is judged."""
        self.end_watch()


if TYPE_CHECKING:
    GradwiseCallback = Hooks


def __getattr__(name: str) -> Any:
    if name != "GradwiseCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    places = ["lightning.pytorch.callbacks", "pytorch_lightning.callbacks"]
    if "pytorch_lightning" in sys.modules and "lightning" not in sys.modules:
        places.reverse()
    base = framework("Lightning", "lightning", *places).Callback
    made = globals()[name] = composed(name, Hooks, base)
    return made
