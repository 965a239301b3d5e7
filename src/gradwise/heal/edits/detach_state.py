"""detach-state: what is carried to the next step is cut off from the graph of this one."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.layers import classes
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import training_places

NAME = "detach-state"


def edit(order: Order) -> Done:
    """Detach ``h`` of ``out, h = model(x, h)``, or ``self.mean`` in what it becomes."""
    script = order.script
    changes = [change for loop in training_places(script) for change in _carried(order, loop)]
    changes = changes or [change for owner in classes(script) for change in _kept(script, owner)]
    if not changes:
        raise UncertainError("no state that is handed on and taken in again is written in this file")
    changes += _no_retaining(script)
    return Done(changes, f"the carried state is detached ({lines(script, changes)})")


def _carried(order: Order, loop: cst.CSTNode) -> list[Change]:
    script = order.script
    found = []
    for assign in script.all(cst.Assign, loop):
        target, value = assign.targets[0].target, assign.value
        if not isinstance(target, cst.Tuple) or not isinstance(value, cst.Call):
            continue
        outer = {script.text(each.value) for each in target.elements}
        for arg in value.args:
            name = script.text(arg.value)
            if isinstance(arg.value, cst.Name) and name in outer:
                found.append(script.before(script.statement(assign), _cut(order, name)))
    return found


def _cut(order: Order, name: str) -> list[str]:
    """Lines that detach a state, which may be a tuple (of an LSTM) and None at first."""
    script = order.script
    kinds = set(order.facts.modules.values()) or {full.removeprefix("torch.nn.") for _, full in script.calls}
    cell = {kind for kind in ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell") if kind in kinds}
    if len(cell) != 1:
        raise UncertainError(f"whether {name} is a tensor or a pair of them is not certain")
    pair = cell.pop().startswith("LSTM")
    cut = f"{name} = tuple(part.detach() for part in {name})" if pair else f"{name} = {name}.detach()"
    none = [
        each
        for each in script.all(cst.Assign)
        if script.text(each.targets[0].target) == name and script.text(each.value) == "None"
    ]
    return [f"if {name} is not None:", f"\t{cut}"] if none else [cut]


def _kept(script: Script, owner: cst.ClassDef) -> list[Change]:
    """``self.mean = 0.9 * self.mean + ...`` in a model."""
    found = []
    for assign in script.all(cst.Assign, owner):
        name = script.text(assign.targets[0].target)
        if name.startswith("self."):
            for node in script.all(cst.Attribute, assign.value):
                plain = not isinstance(script.parent(node), cst.Attribute | cst.Call)
                if script.text(node) == name and plain:
                    end = script.span(node)[1]
                    found.append(Change(end, end, ".detach()"))
    return found


def _no_retaining(script: Script) -> list[Change]:
    changes = []
    for call in script.methods("backward"):
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value == "retain_graph":
                alone = len(call.args) == 1
                changes.append(script.replaced(arg, "") if alone else script.dropped(call.args, arg))
    return changes
