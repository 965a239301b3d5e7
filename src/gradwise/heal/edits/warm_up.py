"""warm-up: a schedule that grows to 1, made after the optimizer and stepped after its step."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.training import function, one_optimizer, schedulers, steps

NAME = "warm-up"


def edit(order: Order) -> Done:
    """Add a LambdaLR."""
    script = order.script
    others = schedulers(script)
    if others:
        raise UncertainError(
            f"the {others[0].kind} of line {script.line(others[0].call)} sets the rate; put it before that"
        )
    made, found = one_optimizer(script, order.facts), steps(script)
    if any(step.scaler for step in found):
        raise UncertainError(f"the scaler of line {script.line(found[0].call)} may skip steps")
    owner, dot, _ = made.name.rpartition(".")
    name = owner + dot + script.free_name("warmup", "warmup_schedule")
    for step in found:
        beside = script.same_variable(made.name, made.call, step.call)
        if not beside and (dot or function(script, made.call) is not None):
            raise UncertainError(f"{name} would not be known in line {script.line(step.call)}")
    number, start = round(order.dose("steps", 100)), order.dose("start", 0.01)
    kind, imports = script.spelled("torch.optim.lr_scheduler.LambdaLR")
    share = f"lambda step: min(1.0, {start:g} + {1 - start:g} * step / {number})"
    changes = [
        *imports,
        script.after(script.statement(made.call), [f"{name} = {kind}({made.name}, {share})"]),
        *(script.after(script.statement(step.call), [f"{name}.step()"]) for step in found),
    ]
    return Done(changes, f"the rate grows over the first {number} steps ({lines(script, changes)})")
