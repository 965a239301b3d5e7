"""raise-clip: the limit of clipping times a factor, where it is written."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import argument

NAME = "raise-clip"
LIMITS = {"clip_grad_norm_": "max_norm", "clip_grad_value_": "clip_value"}


def edit(order: Order) -> Done:
    """Multiply the limit in every call that clips."""
    script, times = order.script, order.dose("times", 10.0)
    values: list[cst.BaseExpression] = []
    for call, name in script.calls:
        word = LIMITS.get(name.rpartition(".")[2])
        if word is not None:
            limit = argument(call, word, 1)
            if limit is None:
                raise UncertainError(f"line {script.line(call)}: {word} was not found")
            values.append(limit.value)
    if not values:
        raise UncertainError("no call of torch's clipping stands in this file")
    changes = order.numbers.times(values, times)
    return Done(changes, f"limit of clipping times {times:g} ({lines(script, changes)})")
