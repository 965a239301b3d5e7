"""lower-weight-decay: the decay times a factor, where it is written."""

from __future__ import annotations

from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.options import scaled

NAME = "lower-weight-decay"


def edit(order: Order) -> Done:
    """Multiply the decay; AdamW decays by 0.01 where it is told nothing."""
    return scaled(order, "weight_decay", order.dose("factor", 0.1), {"AdamW": 0.01})
