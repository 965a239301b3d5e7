"""weight-decay: the decay as an argument of the optimizer; Adam becomes AdamW, which keeps it apart."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.options import written
from gradwise.heal.edits.script.training import optimizers
from gradwise.heal.edits.script.values import shown

NAME = "weight-decay"
NONE = ("LBFGS", "Rprop", "SparseAdam")  # take no decay


def edit(order: Order) -> Done:
    """Set the decay where it is smaller."""
    script = order.script
    made = [each for each in optimizers(script, order.facts) if each.kind not in NONE]
    if not made:
        raise UncertainError("the optimizer has no weight decay")
    values, silent = written(script, made, "weight_decay")
    decays = {each.kind: order.dose("decay", 0.01 if each.kind.startswith("Adam") else 5e-4) for each in made}
    decay = max(decays.values())
    low = [value for value in values if (order.numbers.value(value) or 0.0) < decay]
    changes: list[Change] = order.numbers.become(low, decay)
    changes += [script.added(each.call, f"weight_decay={shown(decays[each.kind])}") for each in silent]
    for each in made if changes else ():
        if each.kind == "Adam":
            name, imports = script.spelled("torch.optim.AdamW")
            changes += [script.replaced(each.call.func, name), *imports]
    return Done(changes, f"weight decay {decay:g} ({lines(script, changes)})")
