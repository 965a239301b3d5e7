"""glorot-init: weights drawn anew with variance 2 / (fan-in + fan-out) before the optimizer is made."""

from __future__ import annotations

from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.starts import drawn

NAME = "glorot-init"


def edit(order: Order) -> Done:
    """Put in a function that draws, and apply it."""
    return drawn(order, "glorot_init", lambda nn: f"{nn}.init.xavier_uniform_(weight)")
