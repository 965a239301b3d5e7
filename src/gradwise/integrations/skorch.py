"""`GradwiseCallback` for skorch: ``NeuralNetClassifier(..., callbacks=[GradwiseCallback()])``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradwise.integrations.composing import composed, framework
from gradwise.integrations.watching import Watching


class Hooks(Watching):
    """Watches ``net.fit`` and says what is wrong when it ends.

    Args:
        out: run directory; a new one under ``.gradwise/runs`` when None.
        budget: share of step time that watching may take.
        show: print the diagnosis to standard error at the end.
    """

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Training begins: the net's module and optimizer are made."""
        self.begin_watch(net.module_, net.optimizer_)

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kwargs: Any) -> None:
        """Training is over."""
        self.end_watch()


if TYPE_CHECKING:
    GradwiseCallback = Hooks


def __getattr__(name: str) -> Any:
    if name != "GradwiseCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    base = framework("skorch", "skorch", "skorch.callbacks").Callback
    made = globals()[name] = composed(name, Hooks, base)
    return made
