"""orthogonal-init: weights drawn anew with orthonormal rows or columns before the optimizer is made."""

from __future__ import annotations

from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.starts import drawn

NAME = "orthogonal-init"


def edit(order: Order) -> Done:
    """Put in a function that draws, and apply it."""
    return drawn(order, "orthogonal_init", lambda nn: f"{nn}.init.orthogonal_(weight)")
