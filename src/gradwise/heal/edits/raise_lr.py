"""raise-lr: the rate times a factor, where it is written."""

from __future__ import annotations

from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.options import scaled_rate

NAME = "raise-lr"


def edit(order: Order) -> Done:
    """Multiply the rate."""
    return scaled_rate(order, order.dose("factor", 10.0))
