"""he-init: weights drawn anew with variance 2 / fan-in before the optimizer is made."""

from __future__ import annotations

from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.starts import drawn

NAME = "he-init"


def edit(order: Order) -> Done:
    """Put in a function that draws, and apply it."""
    return drawn(order, "he_init", lambda nn: f'{nn}.init.kaiming_normal_(weight, nonlinearity="relu")')
