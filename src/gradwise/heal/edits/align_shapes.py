"""align-shapes: the axis of length one is squeezed off what the loss is given."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import model_calls, training_places

NAME = "align-shapes"


def edit(order: Order) -> Done:
    """Squeeze the prediction (N, 1) of training, and of evaluations by the same loss."""
    script = order.script
    _must_be_column(order)
    loops = training_places(script)
    calls = model_calls(script)
    inside = [call for call in calls if any(script.within(call, each) for each in loops)]
    if len(inside) != 1:
        raise UncertainError("the model is not called once in the training loop")
    losses = {_loss(script, call) for call in inside} - {""}
    alike = [call for call in calls if call in inside or (losses and _loss(script, call) in losses)]
    changes = [_squeezed(script, call) for call in alike]
    return Done(changes, f"the prediction loses its axis of length one ({lines(script, changes)})")


def _must_be_column(order: Order) -> None:
    """Refuse unless the run showed a prediction (N, 1) and a target (N,)."""
    first, second = order.facts.prediction, order.facts.target
    if first is None or second is None:
        raise UncertainError("the shapes of prediction and target are not known")
    if not (len(first) == len(second) + 1 and first[-1] == 1):
        raise UncertainError(f"the prediction has shape {tuple(first)}, the target {tuple(second)}")


def _loss(script: Script, call: cst.Call) -> str:
    """The function to which a call's result is handed directly."""
    arg = script.parent(call)
    around = script.parent(arg) if isinstance(arg, cst.Arg) else None
    return script.text(around.func) if isinstance(around, cst.Call) else ""


def _squeezed(script: Script, call: cst.Call) -> Change:
    around = script.parent(call)
    assigned = isinstance(around, cst.Assign) and isinstance(around.targets[0].target, cst.Name)
    if not (assigned or isinstance(around, cst.Arg | cst.BinaryOperation)) or call.lpar:
        raise UncertainError(f"line {script.line(call)}: what becomes of the prediction is not certain")
    end = script.span(call)[1]
    return Change(end, end, ".squeeze(-1)")
