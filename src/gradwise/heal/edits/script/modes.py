"""Training and evaluation mode: which model, and where training begins again."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import RATES, function, made_from, model_of, training_loops


def known_model(script: Script, site: cst.CSTNode) -> str:
    """The trained model as it is called at a place.

    Raises:
        UncertainError: none is known there.
    """
    origins = [
        (script.receiver(call), call) for call in script.methods("eval", "train") if len(call.args) < 2
    ]
    origins += [
        (model_of(script, made), made.call) for made in made_from(script, "torch.optim.", tuple(RATES))
    ]
    origins = [(name, node) for name, node in origins if _whole(name)]
    around = function(script, site)
    params = {param.name.value for param in around.params.params} if around is not None else set()
    found = [name for name, node in origins if script.same_variable(name, node, site)]
    found += [name.split(".")[-1] for name, _ in origins if name.split(".")[-1] in params]
    if len(set(found)) != 1:
        raise UncertainError(f"which model is trained in line {script.line(site)} is not certain")
    return found[0]


def _whole(name: str) -> bool:
    """Whether a name is that of a model rather than of a part of one."""
    return name not in ("", "self") and "." not in name.removeprefix("self.")


def training_mode(script: Script, evaluating: Collection[str] = ()) -> Change | None:
    """The line that puts the model into training mode where training begins, and begins again.

    Args:
        script: the script.
        evaluating: names of functions that will set evaluation mode.

    Returns:
        None where such a line stands there.

    Raises:
        UncertainError: several loops train, or the model is not known there.
    """
    found = training_loops(script)
    if len(found) != 1:
        raise UncertainError(
            f"training runs in lines {' and '.join(str(script.line(each)) for each in found)}"
        )
    inner = found[0]
    model = known_model(script, inner)
    inside = [call for call in script.methods("train", within=inner) if script.receiver(call) == model]
    if evaluates(script, inner, evaluating):
        if inside:
            return None
        return script.top(inner, [f"{model}.train()"])
    siblings = list(script.siblings(inner))
    standing = [
        call
        for each in siblings[: siblings.index(inner)]
        if not isinstance(each, cst.FunctionDef | cst.ClassDef)
        for call in script.methods("train", "eval", within=each)
        if script.receiver(call) == model
    ]
    last_call = standing[-1].func if standing else None
    if isinstance(last_call, cst.Attribute) and last_call.attr.value == "train":
        return None
    return script.before(inner, [f"{model}.train()"])


def evaluates(script: Script, inner: cst.CSTNode, evaluating: Collection[str]) -> bool:
    """Whether a loop, or a function of the script that it calls, sets evaluation mode."""
    if script.methods("eval", within=inner):
        return True
    setting = {each.name.value for each in script.all(cst.FunctionDef) if script.methods("eval", within=each)}
    setting |= set(evaluating)
    return any(script.text(call.func).split(".")[-1] in setting for call in script.all(cst.Call, inner))
