"""add-to-optimizer: the whole model, a ModuleList instead of a list, the optimizer after the last layer."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.layers import classes, forward, kind_of
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import Made, model_of, one_optimizer, training_places

NAME = "add-to-optimizer"


def edit(order: Order) -> Done:
    """Take the one way that fits the script."""
    script = order.script
    lists = _listed(script)
    if lists:
        return Done(lists, f"layers in a plain container are registered ({lines(script, lists)})")
    made = one_optimizer(script, order.facts)
    ways = [
        way for way in (_moved(script, made), _whole(order, made), _joined(script, made)) if way is not None
    ]
    if len(ways) != 1:
        raise UncertainError(
            f"line {script.line(made.call)}: what the optimizer should be given is not certain"
        )
    return ways[0]


def _listed(script: Script) -> list[Change]:
    """``self.layers = [...]`` of layers turned into a ModuleList."""
    changes: list[Change] = []
    for owner in classes(script):
        for assign in script.all(cst.Assign, owner):
            target = script.text(assign.targets[0].target)
            value = assign.value
            if not target.startswith("self.") or not isinstance(value, cst.List | cst.ListComp):
                continue
            if isinstance(value, cst.List) and not value.elements:
                added = [c for c in script.methods("append", within=owner) if script.receiver(c) == target]
                holds = bool(added) and all(c.args and kind_of(script, c.args[0].value) for c in added)
            elif isinstance(value, cst.ListComp):
                holds = bool(kind_of(script, value.elt))
            else:
                holds = all(kind_of(script, each.value) for each in value.elements)
            if holds:
                name, imports = script.spelled("torch.nn.ModuleList")
                inner = "" if isinstance(value, cst.List) and not value.elements else script.text(value)
                changes += [*imports, script.replaced(value, f"{name}({inner})")]
    return changes


def _whole(order: Order, made: Made) -> Done | None:
    """``model.fc.parameters()`` turned into ``model.parameters()``."""
    script = order.script
    part = model_of(script, made)
    model, _, attribute = part.partition(".")
    if not attribute or (model == "self" and not _is_model(script, made.call)):
        return None
    if any(name == attribute or name.startswith(f"{attribute}.") for name in order.where):
        return None
    frozen = [
        each
        for each in script.all(cst.Assign)
        if script.text(each.targets[0].target).endswith(".requires_grad")
        and script.text(each.value) == "False"
    ]
    if frozen or script.methods("requires_grad_"):
        return None
    first = made.call.args[0].value
    change = script.replaced(first, f"{model}.parameters()")
    return Done([change], f"the optimizer is given all of {model} ({lines(script, [change])})")


def _is_model(script: Script, node: cst.CSTNode) -> bool:
    owner = script.enclosing(node, cst.ClassDef)
    return isinstance(owner, cst.ClassDef) and forward(owner) is not None


def _moved(script: Script, made: Made) -> Done | None:
    """The optimizer made after the last statement of its block that gives the model a new layer."""
    model = model_of(script, made)
    statement = script.statement(made.call)
    siblings = list(script.siblings(statement))
    late = [each for each in siblings[siblings.index(statement) + 1 :] if _grows(script, each, model)]
    if not late or not model:
        return None
    between = siblings[siblings.index(statement) + 1 : siblings.index(late[-1])]
    if any(made.name and made.name in script.text(each) for each in between):
        return None
    changes = [script.without(statement), script.after(late[-1], [script.text(_bare(statement))])]
    return Done(changes, f"the optimizer is made after the model's last layer ({lines(script, changes)})")


def _grows(script: Script, statement: cst.CSTNode, model: str) -> bool:
    """Whether a statement gives a model new layers."""
    line = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
    if isinstance(line, cst.Assign) and isinstance(line.value, cst.Call):
        target = script.text(line.targets[0].target)
        return target == model or target.startswith(f"{model}.")
    if isinstance(line, cst.Expr) and isinstance(line.value, cst.Call):
        handed = [script.text(arg.value) for arg in line.value.args]
        return model in handed and _adds_layers(script, line.value)
    return False


def _adds_layers(script: Script, call: cst.Call) -> bool:
    """Whether a function of the script gives what it is handed new layers."""
    named = [each for each in script.all(cst.FunctionDef) if each.name.value == script.text(call.func)]
    if len(named) != 1:
        return False
    params = {param.name.value for param in named[0].params.params}
    return any(
        script.text(assign.targets[0].target).split(".")[0] in params
        and any(kind_of(script, inner) for inner in script.all(cst.Call, assign.value))
        for assign in script.all(cst.Assign, named[0])
    )


def _bare(statement: cst.CSTNode) -> cst.CSTNode:
    """What stands on a line, without comments."""
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement.body[0]


def _joined(script: Script, made: Made) -> Done | None:
    """Every model that the training loop calls, handed to the one optimizer."""
    model = model_of(script, made)
    scope = script.scope(made.call)
    if not model or scope is None or len(made.call.args) == 0:
        return None
    own = {each.name.value for each in classes(script)}
    others: list[str] = []
    for call in [c for loop in training_places(script) for c in script.all(cst.Call, loop)]:
        name = script.text(call.func)
        apart = isinstance(call.func, cst.Name) and name != model.split(".")[0]
        found = list(scope[name]) if apart else []
        if len(found) != 1 or not script.same_variable(name, made.call, call):
            continue
        value = _value(script, found[0])
        if value is not None and script.line(value) < script.line(made.call) and name not in others:
            held = kind_of(script, value)
            if script.text(value.func) in own or (held and not held.endswith("Loss")):
                others.append(name)
    if not others:
        return None
    text = ", ".join(f"*{name}.parameters()" for name in (model, *others))
    change = script.replaced(made.call.args[0].value, f"[{text}]")
    return Done(
        [change], f"the optimizer is given {' and '.join((model, *others))} ({lines(script, [change])})"
    )


def _value(script: Script, assignment: object) -> cst.Call | None:
    node = getattr(assignment, "node", None)
    around = script.parent(node) if isinstance(node, cst.Name) else None
    statement = script.parent(around) if isinstance(around, cst.AssignTarget) else None
    value = statement.value if isinstance(statement, cst.Assign) else None
    return value if isinstance(value, cst.Call) else None
