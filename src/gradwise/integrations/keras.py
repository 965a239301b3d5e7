"""`GradwiseCallback` for Keras 3 on torch: ``model.fit(..., callbacks=[GradwiseCallback()])``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.errors import UsageError
from gradwise.integrations.composing import composed, framework
from gradwise.integrations.watching import Watching


class Hooks(Watching):
    """Watches ``model.fit`` and says what is wrong when it ends.

    Args:
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take.
        show: print the diagnosis to standard error at the end.
    """

    model: Any  # set by Keras

    def on_train_begin(self, logs: Any = None) -> None:
        """Training begins; the model's own optimizer is found by itself."""
        from torch import nn

        if not isinstance(self.model, nn.Module):
            raise UsageError('gradwise watches Keras on torch alone; set KERAS_BACKEND="torch".')
        self.begin_watch(self.model)

    def on_train_end(self, logs: Any = None) -> None:
        """Training is over."""
        self.end_watch()


if TYPE_CHECKING:
    GradwiseCallback = Hooks


def __getattr__(name: str) -> Any:
    if name != "GradwiseCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    base = framework("Keras 3", "keras", "keras.callbacks").Callback
    made = globals()[name] = composed(name, Hooks, base)
    return made
