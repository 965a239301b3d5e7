"""drop-activation: the softmax or sigmoid that the loss applies itself, taken out."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.activations import activations, outputs, taken_out
from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.training import model_calls, name_of, training_places

NAME = "drop-activation"
KINDS = ("softmax", "log_softmax", "sigmoid")
OWN_LOSSES = ("torch.nn.BCELoss", "torch.nn.NLLLoss", "torch.nn.functional.nll_loss",
              "torch.nn.functional.binary_cross_entropy")  # fmt: skip


def edit(order: Order) -> Done:
    """Take out the only activation at the model's end, or the one applied in training to what it puts out."""
    script = order.script
    calls, loops = model_calls(script), training_places(script)
    for want in script.calls_of(*OWN_LOSSES):
        name = name_of(script, want)
        uses = [want, *(each for each in script.all(cst.Call) if name and script.text(each.func) == name)]
        if any(script.within(each, loop) for each in uses for loop in loops):
            raise UncertainError(f"the loss of line {script.line(want)} takes probabilities")
    found = [(place.kind, node, place.inner) for place, node in outputs(script, KINDS)]
    for each in activations(script, KINDS):
        inside = any(script.within(each.node, loop) for loop in loops)
        if each.inner is not None and inside and any(each.inner is call for call in calls):
            found.append((each.kind, each.node, each.inner))
    if len(found) != 1:
        raise UncertainError(
            f"lines {', '.join(str(script.line(node)) for _, node, _ in found)} are all at a model's end"
            if found
            else "no softmax or sigmoid at the end of the model is written in this file"
        )
    kind, node, inner = found[0]
    change = taken_out(script, node, inner)
    return Done([change], f"{kind} at the end taken out ({lines(script, [change])})")
