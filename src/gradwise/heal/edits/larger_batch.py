"""larger-batch: the batch size of the training loader, or the stride of batches cut by hand."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import argument
from gradwise.heal.edits.script.training import loaders, training_loader, training_loops

NAME = "larger-batch"


def edit(order: Order) -> Done:
    """Multiply the number of samples in a batch."""
    script, times = order.script, order.dose("times", 4)
    changes: list[Change] = []
    if loaders(script):
        call = training_loader(script).call
        size = argument(call, "batch_size", 1)
        if size is None and argument(call, "batch_sampler") is not None:
            raise UncertainError(f"the batch_sampler of line {script.line(call)} says how large batches are")
        changes = (
            [script.added(call, f"batch_size={round(times)}")]
            if size is None
            else order.numbers.times([size.value], times, whole=True)
        )
    else:
        changes = order.numbers.times(_stride(order), times, whole=True)
    return Done(changes, f"batches {times:g} times as large ({lines(script, changes)})")


def _stride(order: Order) -> list[cst.BaseExpression]:
    """The stride of ``range(0, n, size)`` in the training loop, wherever it is used in that loop."""
    script = order.script
    found: list[cst.BaseExpression] = []
    for loop in training_loops(script):
        head = loop.iter if isinstance(loop, cst.For) else None
        if isinstance(head, cst.Call) and script.text(head.func) == "range" and len(head.args) == 3:
            size = script.text(head.args[2].value)
            found += [
                node
                for node in script.inside(loop)
                if isinstance(node, cst.BaseExpression)
                and script.text(node) == size
                and not isinstance(script.parent(node), cst.Attribute)
            ]
    if not found:
        raise UncertainError("no DataLoader is made and no batches are cut by range(0, n, size)")
    return found
