"""class-weights: weights in the loss, by the counts of the run or of the labels at hand."""

from __future__ import annotations

import libcst as cst
from libcst import metadata

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import Script, argument
from gradwise.heal.edits.script.training import name_of, training_places

NAME = "class-weights"
MODULE, FUNCTION = "torch.nn.CrossEntropyLoss", "torch.nn.functional.cross_entropy"
BINARY = "torch.nn.BCEWithLogitsLoss"


def edit(order: Order) -> Done:
    """Give the only loss its weights."""
    script = order.script
    loops = training_places(script)
    calls = script.calls_of(MODULE, BINARY)
    calls += [c for c in script.calls_of(FUNCTION) if any(script.within(c, each) for each in loops)]
    if len(calls) != 1:
        raise UncertainError("the loss that training uses is not made in one place of this file")
    call, word = calls[0], "weight"
    if script.qualified(call.func) == BINARY:
        word = "pos_weight"
    if argument(call, word) is not None:
        raise UncertainError(f"the loss of line {script.line(call)} has weights already")
    change = script.added(call, f"{word}={_weights(order, call, word)}")
    return Done([change], f"the loss weighs its classes ({lines(script, [change])})")


def _weights(order: Order, call: cst.Call, word: str) -> str:
    script, counts = order.script, list(order.facts.class_counts)
    name, imports = script.spelled("torch.tensor")
    if imports:
        raise UncertainError("the script does not import torch")
    if word == "pos_weight":
        if len(counts) != 2 or 0 in counts:
            raise UncertainError("how often both classes occur is not known")
        return f"{name}({counts[0] / counts[1]:.4g}{_device(script, call)})"
    if counts:
        weights = [sum(counts) / (len(counts) * count) if count else 1.0 for count in counts]
        return f"{name}([{', '.join(f'{each:.4g}' for each in weights)}]{_device(script, call)})"
    labels = _labels(script, call)
    return f"len({labels}) / (({labels}.max() + 1) * {script.spelled('torch.bincount')[0]}({labels}))"


def _device(script: Script, call: cst.Call) -> str:
    """The argument that puts a tensor where the script puts its own."""
    scope = script.scope(call)
    known = scope is not None and bool(set(scope["device"]))
    return ", device=device" if known else ""


def _labels(script: Script, call: cst.Call) -> str:
    """The tensor of which the loss is given rows, where it is known before the loss is made."""
    name = name_of(script, call)
    uses = [each for each in script.all(cst.Call) if name and script.text(each.func) == name] or [call]
    found: set[str] = set()
    for each in uses:
        target = each.args[1].value if len(each.args) > 1 else None
        if any(script.within(each, loop) for loop in training_places(script)):
            plain = isinstance(target, cst.Subscript) and isinstance(target.value, cst.Name)
            found.add(script.text(target.value) if plain and isinstance(target, cst.Subscript) else "")
    labels = found.pop() if len(found) == 1 else ""
    scope = script.scope(call)
    known = list(scope[labels]) if labels and scope is not None else []
    made = [each.node for each in known if isinstance(each, metadata.Assignment)]
    if not made or any(script.line(each) >= script.line(call) for each in made) or len(made) != 1:
        raise UncertainError("how often each class occurs is not known where the loss is made")
    return labels
