"""shuffle: one argument of the training loader, or a permutation where indices were counted."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import argument
from gradwise.heal.edits.script.training import loaders, loops, training_loader, training_loops

NAME = "shuffle"


def edit(order: Order) -> Done:
    """Let training draw its samples in a new order each epoch."""
    script = order.script
    if not loaders(script):
        return _permuted(order)
    call = training_loader(script).call
    for word in ("sampler", "batch_sampler"):
        if argument(call, word) is not None:
            raise UncertainError(f"the {word} of line {script.line(call)} chooses the order")
    given = argument(call, "shuffle", 2)
    if given is None:
        change = script.added(call, "shuffle=True")
    elif script.text(given.value) == "True":
        raise UncertainError(f"the loader of line {script.line(call)} shuffles already")
    else:
        change = script.replaced(given.value, "True")
    return Done([change], f"the training loader shuffles ({lines(script, [change])})")


def _permuted(order: Order) -> Done:
    """``torch.arange(n)`` of an epoch turned into ``torch.randperm(n)``."""
    script = order.script
    epochs = [loop for inner in training_loops(script) for loop in loops(script, inner)]
    found = []
    for call in script.calls_of("torch.arange"):
        inside = any(script.within(call, loop) for loop in epochs)
        if inside and len(call.args) == 1 and isinstance(script.parent(call), cst.Assign):
            found.append(call)
    if len(found) != 1:
        raise UncertainError("no DataLoader is made; index with a fresh permutation in each epoch")
    start, end = script.span(found[0].func)
    name, imports = script.spelled("torch.randperm")
    changes = [Change(start, end, name), *imports]
    return Done(changes, f"indices are a permutation ({lines(script, changes)})")
