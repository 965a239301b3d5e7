"""move-scheduler: the schedule's step moved out of the batch loop, into it, or behind the optimizer's."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.training import loop, schedulers, steps, training_loops

NAME = "move-scheduler"
PER_BATCH = ("OneCycleLR", "CyclicLR")


def edit(order: Order) -> Done:
    """Move the only step of the only schedule by one loop."""
    script = order.script
    made = schedulers(script)
    names = {each.name.split(".")[-1] for each in made} - {""}
    calls = [c for c in script.methods("step") if script.receiver(c).split(".")[-1] in names]
    inner, taken = training_loops(script), steps(script)
    if len(made) != 1 or len(calls) != 1 or len(inner) != 1 or len(taken) != 1:
        raise UncertainError(
            "one schedule, stepped at one place beside one training step, is not what this file holds"
        )
    line, step = script.statement(calls[0]), script.statement(taken[0].call)
    if not isinstance(line, cst.SimpleStatementLine) or loop(script, line) is None:
        raise UncertainError(f"line {script.line(line)} stands in no loop")
    text, inside = script.text(line.body[0]), loop(script, line) is inner[0]
    if inside and made[0].kind not in PER_BATCH and loop(script, inner[0]) is not None:
        target, words = script.after(inner[0], [text]), "once per epoch"
    elif not inside and made[0].kind in PER_BATCH and script.within(step, inner[0]):
        target, words = script.after(step, [text]), "once per batch"
    elif script.siblings(line) is script.siblings(step) and script.line(line) < script.line(step):
        target, words = script.after(step, [text]), "after the optimizer"
    else:
        raise UncertainError(f"where the step of line {script.line(line)} belongs is not certain")
    if len(script.siblings(line)) == 1:
        raise UncertainError(f"nothing would be left around line {script.line(line)}")
    changes: list[Change] = [script.without(line), target]
    return Done(changes, f"the schedule is stepped {words} ({lines(script, changes)})")
