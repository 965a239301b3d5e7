"""call-step: the missing call, its missing parentheses, or zero_grad moved from between."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.training import Step, backwards, function, name_of, one_optimizer, steps

NAME = "call-step"


def edit(order: Order) -> Done:
    """Let the optimizer step after each backward, while gradients are there."""
    script = order.script
    bare = [
        each.value
        for each in script.all(cst.Expr)
        if isinstance(each.value, cst.Attribute) and each.value.attr.value == "step"
    ]
    if bare:
        ends = [script.span(each)[1] for each in bare]
        changes = [Change(end, end, "()") for end in ends]
        return Done(changes, f"`step` is called ({lines(script, changes)})")
    try:
        found = steps(script)
    except UncertainError:
        return _added(order)
    return _uncleared(order, found)


def _added(order: Order) -> Done:
    """A step after every backward."""
    script, made = order.script, one_optimizer(order.script, order.facts)
    calls = backwards(script)
    for call in calls:
        if not script.same_variable(made.name, made.call, call):
            where = function(script, call)
            known = where is not None and made.name in {p.name.value for p in where.params.params}
            if not known:
                raise UncertainError(f"{made.name} is not known where line {script.line(call)} runs backward")
        if name_of(script, call):
            raise UncertainError(f"line {script.line(call)}: backward's result is used")
    changes = [script.after(script.statement(call), [f"{made.name}.step()"]) for call in calls]
    return Done(changes, f"{made.name} steps after each backward ({lines(script, changes)})")


def _uncleared(order: Order, found: list[Step]) -> Done:
    """Every zero_grad between a backward and its step moved before the backward."""
    script, changes = order.script, list[Change]()
    for step in found:
        last = script.statement(step.call)
        siblings = list(script.siblings(last))
        block = siblings[: siblings.index(last)]
        run = [each for each in block if any(script.within(call, each) for call in backwards(script))]
        if len(run) != 1:
            continue
        for each in block[block.index(run[0]) + 1 :]:
            if isinstance(each, cst.SimpleStatementLine) and script.methods("zero_grad", within=each):
                text = script.module.code_for_node(each.body[0]).strip()
                changes += [script.before(run[0], [text]), script.without(each)]
    if not changes:
        raise UncertainError("every backward is followed by a step in this file")
    return Done(
        changes, f"gradients are no longer cleared between backward and step ({lines(script, changes)})"
    )
