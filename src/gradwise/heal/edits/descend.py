"""descend: optimizers without ``maximize=True``."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.options import written
from gradwise.heal.edits.script.training import optimizers

NAME = "descend"


def edit(order: Order) -> Done:
    """Say False where an optimizer is told to maximise."""
    script = order.script
    values, _ = written(script, optimizers(script, order.facts), "maximize")
    changes = [script.replaced(value, "False") for value in values if script.text(value) == "True"]
    if not changes or len(changes) != len(values):
        raise UncertainError("maximize=True is not written at an optimizer")
    return Done(changes, f"the optimizer no longer maximises ({lines(script, changes)})")
