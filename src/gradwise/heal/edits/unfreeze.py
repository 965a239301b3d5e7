"""unfreeze: the statement that freezes parameters, taken out."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines

NAME = "unfreeze"


def edit(order: Order) -> Done:
    """Take out the only loop or call that sets ``requires_grad`` to False."""
    script = order.script
    found: list[cst.CSTNode] = []
    for assign in script.all(cst.Assign):
        target = script.text(assign.targets[0].target)
        if target.endswith(".requires_grad") and script.text(assign.value) == "False":
            found.append(assign)
    for call in script.methods("requires_grad_"):
        off = [script.text(arg.value) for arg in call.args] == ["False"]
        found += [call] if off and isinstance(script.parent(call), cst.Expr) else []
    if len(found) != 1:
        raise UncertainError("no single statement of this file freezes parameters")
    statement = script.statement(found[0])
    around = script.enclosing(statement, cst.For, cst.If, cst.FunctionDef, cst.With)
    if len(script.siblings(statement)) == 1 and around is not None:
        if not isinstance(around, cst.For) or not isinstance(around.body, cst.IndentedBlock):
            raise UncertainError(f"line {script.line(statement)} depends on the lines around it")
        if len(script.siblings(around)) == 1:
            raise UncertainError(f"nothing would be left around line {script.line(around)}")
        statement = around
    change = script.without(statement)
    return Done([change], f"nothing is frozen any more ({lines(script, [change])})")
