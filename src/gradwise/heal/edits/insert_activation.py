"""insert-activation: a ReLU between layers that follow each other."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.layers import attributes, classes, forward, kind_of, sequentials
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.sequences import behind

NAME = "insert-activation"
WEIGHTED = ("Linear", "Conv1d", "Conv2d", "Conv3d")
BETWEEN = ("Dropout", "BatchNorm1d", "BatchNorm2d", "LayerNorm", "Flatten", "AvgPool2d", "Identity")


def edit(order: Order) -> Done:
    """Put ReLUs behind all layers but the last, in every Sequential and every forward."""
    script = order.script
    name, imports = script.spelled("torch.nn.ReLU")
    changes: list[Change] = []
    for held in sequentials(script):
        kinds = [each.kind for each in held.elements]
        for place, kind in enumerate(kinds[:-1]):
            rest = [other for other in kinds[place + 1 :] if other not in BETWEEN]
            if kind in WEIGHTED and rest and rest[0] in WEIGHTED:
                changes.append(behind(script, held, place, f"{name}()"))
    for owner in classes(script):
        changes += _in_forward(script, owner)
    if not changes:
        raise UncertainError("no two layers that follow each other are written out in this file")
    return Done([*imports, *changes], f"ReLU between layers ({lines(script, changes)})")


def _in_forward(script: Script, owner: cst.ClassDef) -> list[Change]:
    """``x = self.b(x)`` after ``x = self.a(x)``: the first one is wrapped; so is ``self.b(self.a(x))``."""
    method = forward(owner)
    held = {
        f"self.{name}"
        for name, call in attributes(script, owner).items()
        if kind_of(script, call) in WEIGHTED
    }
    if method is None or not held:
        return []
    relu, imports = script.spelled("torch.relu")
    changes: list[Change] = []
    for call in script.all(cst.Call, method):
        if script.text(call.func) in held and len(call.args) == 1:
            source = _made_by(script, call)
            if isinstance(source, cst.Call) and script.text(source.func) in held:
                changes += [*imports, script.replaced(source, f"{relu}({script.text(source)})")]
    return changes


def _made_by(script: Script, call: cst.Call) -> cst.BaseExpression:
    """What a layer is applied to: the expression, or what the line before assigned to its name."""
    value = call.args[0].value
    statement = script.statement(call)
    if not isinstance(value, cst.Name):
        return value
    siblings = list(script.siblings(statement))
    place = siblings.index(statement)
    line = siblings[place - 1] if place else None
    small = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    if not isinstance(small, cst.Assign) or len(small.targets) != 1:
        return value
    return small.value if script.text(small.targets[0].target) == value.value else value
