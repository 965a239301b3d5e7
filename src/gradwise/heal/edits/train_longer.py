"""train-longer: more rounds of the outermost training loop."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.training import function, loops, training_loops

NAME = "train-longer"


def edit(order: Order) -> Done:
    """Multiply the number of epochs, for everything that counts them."""
    script, times = order.script, order.dose("times", 4)
    inner = training_loops(script)
    if len(inner) != 1:
        raise UncertainError("several loops train")
    outer = [inner[0], *loops(script, inner[0])][-1]
    around = function(script, outer)
    if around is not None:
        calls = [c for c in script.all(cst.Call) if script.text(c.func).split(".")[-1] == around.name.value]
        beyond = [each for call in calls for each in loops(script, call)]
        if len(calls) == 1 and beyond:
            outer = beyond[-1]
    head = outer.iter if isinstance(outer, cst.For) else None
    if isinstance(head, cst.Call) and script.text(head.func) in ("tqdm", "tqdm.tqdm", "trange") and head.args:
        head = head if script.text(head.func) == "trange" else head.args[0].value
    if not isinstance(head, cst.Call) or script.text(head.func) not in ("range", "trange") or not head.args:
        raise UncertainError(f"line {script.line(outer)} does not count its rounds by range()")
    end = head.args[min(len(head.args), 2) - 1].value
    changes = order.numbers.times([end], times, whole=True, alone=False)
    return Done(changes, f"{times:g} times as many rounds ({lines(script, changes)})")
