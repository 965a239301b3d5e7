"""set-train-mode: ``model.train()`` where training begins, and begins again."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.modes import training_mode

NAME = "set-train-mode"


def edit(order: Order) -> Done:
    """Before the batch loop; inside of it where it evaluates itself."""
    change = training_mode(order.script)
    if change is None:
        raise UncertainError("training mode is set where training begins; look what unsets it")
    return Done([change], f"the model is put into training mode ({lines(order.script, [change])})")
