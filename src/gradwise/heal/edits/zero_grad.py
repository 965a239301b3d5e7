"""zero-grad: one line that clears the gradients of every step."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import Step, backwards, function, loop, steps

NAME = "zero-grad"


def edit(order: Order) -> Done:
    """Clear before the backward where it and the step stand side by side, else after the step."""
    script = order.script
    changes: list[Change] = []
    seen: set[tuple[str, int]] = set()
    for step in steps(script):
        around = loop(script, step.call) or function(script, step.call)
        if (step.optimizer, id(around)) in seen or _cleared(script, step, around):
            continue
        seen.add((step.optimizer, id(around)))
        line, last = [f"{step.optimizer}.zero_grad()"], script.statement(step.call)
        before = _backward_beside(script, last)
        changes.append(script.after(last, line) if before is None else script.before(before, line))
    if not changes:
        raise UncertainError("every step's gradients are cleared already; look where zero_grad stands")
    return Done(changes, f"gradients are cleared before each backward ({lines(script, changes)})")


def _cleared(script: Script, step: Step, around: cst.CSTNode | None) -> bool:
    """Whether the loop, or the function, of a step clears what it steps with."""
    calls = script.methods("zero_grad", within=around)
    owners = {script.receiver(call) for call in calls}
    others = {other.optimizer for other in steps(script)} - {step.optimizer}
    return step.optimizer in owners or bool(owners - others)  # a model's own zero_grad


def _backward_beside(script: Script, step: cst.CSTNode) -> cst.CSTNode | None:
    """The statement of the only backward in the block of a step, if it stands before it."""
    siblings = list(script.siblings(step))
    inside = [call for call in backwards(script) if any(script.within(call, each) for each in siblings)]
    if len(inside) != 1:
        return None
    found = script.statement(inside[0])
    place = next((number for number, each in enumerate(siblings) if each is found), None)
    return found if place is not None and place < siblings.index(step) else None
