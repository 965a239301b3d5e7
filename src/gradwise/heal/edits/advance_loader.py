"""advance-loader: one iterator over the loader that begins anew when it ends."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.training import loops

NAME = "advance-loader"


def edit(order: Order) -> Done:
    """Draw from a generator that is made before the loop."""
    script = order.script
    found = []
    for call in script.all(cst.Call):
        inner = call.args[0].value if script.text(call.func) == "next" and len(call.args) == 1 else None
        if isinstance(inner, cst.Call) and script.text(inner.func) == "iter" and len(inner.args) == 1:
            around = loops(script, call)
            if around:
                found.append((call, inner.args[0].value, around[-1]))
    if len(found) != 1:
        raise UncertainError("next(iter(loader)) does not stand in one loop of this file")
    call, loader, outer = found[0]
    if not isinstance(loader, cst.Name | cst.Attribute) or not script.same_variable(
        script.text(loader), loader, outer
    ):
        raise UncertainError(f"line {script.line(call)}: what is drawn from is made inside the loop")
    batches, endless = (
        script.free_name("batches", "drawn_batches"),
        script.free_name("endless", "without_end"),
    )
    before = [
        f"def {endless}(loader):",
        "\twhile True:",
        "\t\tyield from loader",
        "",
        f"{batches} = {endless}({script.text(loader)})",
    ]
    changes = [script.before(outer, before), script.replaced(call, f"next({batches})")]
    return Done(changes, f"batches follow each other ({lines(script, changes)})")
