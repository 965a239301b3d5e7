"""set-eval-mode: ``eval()`` before what runs without gradients, ``train()`` where training goes on."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.modes import training_mode
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import function, loops, model_calls, training_loops

NAME = "set-eval-mode"
GRADLESS = ("torch.no_grad", "torch.inference_mode")


def edit(order: Order) -> Done:
    """Set the mode around every stretch without gradients that calls the model."""
    script = order.script
    bare = [
        each.value
        for each in script.all(cst.Expr)
        if isinstance(each.value, cst.Attribute) and each.value.attr.value == "eval"
    ]
    if bare:
        called = [Change(script.span(each)[1], script.span(each)[1], "()") for each in bare]
        return Done(called, f"`eval` is called ({lines(script, called)})")
    changes: list[Change] = []
    evaluating: set[str] = set()
    for place in _stretches(script):
        found, name = _around(script, place)
        changes += found
        evaluating |= {name} - {""}
    if not changes:
        raise UncertainError("no stretch under torch.no_grad() that calls the model without eval() was found")
    back = training_mode(script, evaluating) if evaluating else None
    if back is not None:
        changes.append(back)
    return Done(changes, f"evaluation mode where there are no gradients ({lines(script, changes)})")


def _stretches(script: Script) -> list[cst.With | cst.FunctionDef]:
    """``with torch.no_grad()`` and functions decorated by it."""
    found: list[cst.With | cst.FunctionDef] = []
    for block in script.all(cst.With):
        calls = [item.item.func for item in block.items if isinstance(item.item, cst.Call)]
        if any(script.qualified(each) in GRADLESS for each in calls):
            found.append(block)
    for each in script.all(cst.FunctionDef):
        marks = [mark.decorator for mark in each.decorators]
        names = [script.qualified(mark.func if isinstance(mark, cst.Call) else mark) for mark in marks]
        if any(name in GRADLESS for name in names):
            found.append(each)
    return found


def _around(script: Script, place: cst.With | cst.FunctionDef) -> tuple[list[Change], str]:
    """Changes for one stretch, and the function that leaves the model in evaluation mode, if one does."""
    called = {script.text(call.func) for call in model_calls(script) if script.within(call, place)}
    holder = place if isinstance(place, cst.FunctionDef) else function(script, place)
    if len(called) != 1 or script.methods("backward", within=place):
        return [], ""
    if script.methods("eval", within=holder or script.module):
        return [], ""
    model = called.pop()
    if isinstance(place, cst.FunctionDef):
        return [script.top(place, [f"{model}.eval()"])], place.name.value
    training = [loop for inner in training_loops(script) for loop in (inner, *loops(script, inner))]
    changes = [script.before(place, [f"{model}.eval()"])]
    beside = any(script.within(place, loop) for loop in training)
    if beside:
        changes.append(script.after(place, [f"{model}.train()"]))
    return changes, holder.name.value if holder is not None and not beside else ""
