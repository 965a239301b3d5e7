"""adam: another class for the optimizer, and its rate."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.kinds import turned
from gradwise.heal.edits.script.training import optimizers
from gradwise.heal.edits.script.values import shown

NAME = "adam"
KIN = ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")
KEEPS = ("params", "lr", "weight_decay", "foreach", "maximize", "capturable", "differentiable", "fused")


def edit(order: Order) -> Done:
    """Make every optimizer that is none an Adam."""
    made = [each for each in optimizers(order.script, order.facts) if each.kind not in KIN]
    if not made:
        raise UncertainError("the optimizer is an Adam already")
    rate = order.dose("rate", 1e-3)
    changes = [change for each in made for change in turned(order, each, "Adam", KEEPS, {"lr": shown(rate)})]
    return Done(changes, f"{made[0].kind} → Adam, rate {rate:g} (line {order.script.line(made[0].call)})")
