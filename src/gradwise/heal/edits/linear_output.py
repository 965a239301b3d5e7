"""linear-output: the activation that bounds what a regression predicts, taken out."""

from __future__ import annotations

from gradwise.heal.edits.script.activations import outputs, taken_out
from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines

NAME = "linear-output"
KINDS = ("relu", "sigmoid", "tanh")


def edit(order: Order) -> Done:
    """Take out the only bounding activation at the model's end."""
    script = order.script
    found = outputs(script, KINDS)
    if len(found) != 1:
        raise UncertainError(
            f"lines {', '.join(str(script.line(node)) for _, node in found)} are all at a model's end"
            if found
            else "no activation at the end of the model is written in this file"
        )
    place, node = found[0]
    change = taken_out(script, node, place.inner)
    return Done([change], f"{place.kind} at the end taken out ({lines(script, [change])})")
