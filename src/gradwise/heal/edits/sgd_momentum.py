"""sgd-momentum: another class for the optimizer, with momentum."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.kinds import turned
from gradwise.heal.edits.script.options import written
from gradwise.heal.edits.script.training import optimizers
from gradwise.heal.edits.script.values import shown

NAME = "sgd-momentum"
KEEPS = ("params", "lr", "weight_decay", "foreach", "maximize", "differentiable", "fused")


def edit(order: Order) -> Done:
    """Make every optimizer an SGD with momentum; an SGD keeps its rate."""
    script, momentum = order.script, order.dose("momentum", 0.9)
    changes: list[Change] = []
    made = optimizers(script, order.facts)
    for each in made:
        if each.kind == "SGD":
            values, silent = written(script, [each], "momentum")
            changes += order.numbers.become([v for v in values if not order.numbers.value(v)], momentum)
            changes += [script.added(one.call, f"momentum={shown(momentum)}") for one in silent]
        else:
            options = {"lr": shown(order.dose("rate", 0.01)), "momentum": shown(momentum)}
            changes += turned(order, each, "SGD", KEEPS, options)
    if not changes:
        raise UncertainError("the SGD has momentum already")
    return Done(
        changes, f"{made[0].kind} → SGD with momentum {momentum:g} (line {script.line(made[0].call)})"
    )
