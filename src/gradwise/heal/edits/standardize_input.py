"""standardize-input: mean 0 and deviation 1 after the arrays are made, where that is certain."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import Script

NAME = "standardize-input"
SPLIT = "sklearn.model_selection.train_test_split"
FLOATS = ("torch.float32", "torch.float", "torch.float64")


def edit(order: Order) -> Done:
    """Scale both parts of a split by the training part's numbers."""
    script = order.script
    scaled = [call for call, name in script.calls if name.startswith("sklearn.preprocessing.")]
    if scaled:
        raise UncertainError(f"line {script.line(scaled[0])} prepares the input already")
    statement, train, test = _split(script) or _tensors(script)
    prefix = "input_" if script.taken("mean") or script.taken("std") else ""
    mean, std = f"{prefix}mean", f"{prefix}std"
    change = script.after(
        statement,
        [
            f"{mean}, {std} = {train}.mean(0), {train}.std(0) + 1e-8",
            f"{train}, {test} = ({train} - {mean}) / {std}, ({test} - {mean}) / {std}",
        ],
    )
    return Done([change], f"{train} and {test} are standardised ({lines(script, [change])})")


def _split(script: Script) -> tuple[cst.CSTNode, str, str] | None:
    """``X_train, X_test, ... = train_test_split(X, ...)`` of scikit-learn's own arrays."""
    calls = script.calls_of(SPLIT)
    if len(calls) != 1:
        return None
    around = script.parent(calls[0])
    target = around.targets[0].target if isinstance(around, cst.Assign) else None
    if not isinstance(target, cst.Tuple) or len(target.elements) < 2:
        return None
    names = [each.value for each in target.elements[:2]]
    if not all(isinstance(each, cst.Name) for each in names) or not _of_floats(script, calls[0]):
        return None
    return script.statement(calls[0]), script.text(names[0]), script.text(names[1])


def _of_floats(script: Script, call: cst.Call) -> bool:
    """Whether what is split comes from a table of scikit-learn's or is a tensor of floats."""
    text = script.text(call.args[0].value)
    if text.endswith(".data") or ".astype(" in text:
        return True
    for assign in script.all(cst.Assign):
        names = {node.value for node in script.all(cst.Name, assign.targets[0].target)}
        if text in names:
            value = script.text(assign.value)
            return "return_X_y=True" in value or value.endswith(".data") or "float" in value
    return False


def _tensors(script: Script) -> tuple[cst.CSTNode, str, str]:
    """``X_train = torch.tensor(..., dtype=torch.float32)`` and the same for the test part."""
    found: list[tuple[cst.CSTNode, str]] = []
    for call in script.calls_of("torch.tensor", "torch.as_tensor"):
        around = script.parent(call)
        target = around.targets[0].target if isinstance(around, cst.Assign) else None
        name = script.text(target) if isinstance(target, cst.Name) else ""
        floats = any(script.qualified(arg.value) in FLOATS for arg in call.args)
        if floats and name.lower().startswith("x"):
            found.append((script.statement(call), name))
    train = [each for each in found if "train" in each[1].lower() or each[1].lower() in ("x_tr", "xtr")]
    rest = [each for each in found if each not in train]
    if len(train) != 1 or len(rest) != 1:
        raise UncertainError("which statement makes the inputs of training and evaluation is not certain")
    last = max(found, key=lambda each: script.line(each[0]))[0]
    if script.siblings(train[0][0]) is not script.siblings(rest[0][0]):
        raise UncertainError("the inputs of training and evaluation are made at different places")
    return last, train[0][1], rest[0][1]
