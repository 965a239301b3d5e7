"""relu: nn.ReLU and relu in the place of sigmoid and tanh between layers."""

from __future__ import annotations

from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.swapping import swapped

NAME = "relu"


def edit(order: Order) -> Done:
    """Exchange hidden sigmoids and tanhs; outputs stay."""
    return swapped(order, ("sigmoid", "tanh"), "ReLU", "relu", hidden=True)
