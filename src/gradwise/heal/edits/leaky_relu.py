"""leaky-relu: nn.LeakyReLU and leaky_relu in the place of ReLU."""

from __future__ import annotations

from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.swapping import swapped

NAME = "leaky-relu"


def edit(order: Order) -> Done:
    """Exchange every ReLU; the slope that torch takes anyway is not written."""
    slope = order.dose("slope", 0.01)
    return swapped(order, ("relu",), "LeakyReLU", "leaky_relu", "" if slope == 0.01 else f"{slope:g}")
