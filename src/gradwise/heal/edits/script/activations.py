"""Every place in a script where an activation is made or called, and whether it is the model's output."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.layers import (
    attributes,
    classes,
    is_model_end,
    is_part,
    last_words,
    sequentials,
)
from gradwise.heal.edits.script.reading import Script

# Class in torch.nn by the name of the function.
KINDS = {
    "relu": "ReLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "softmax": "Softmax", "log_softmax": "LogSoftmax",
}  # fmt: skip
FUNCTIONS = ("torch.", "torch.nn.functional.", "torch.special.")


@dataclass(frozen=True, slots=True)
class Activation:
    """One place.

    Args:
        node: the call, or the class that is named without a call.
        kind: name of the function.
        inner: what it is applied to; None where a module is made.
        hint: the module's name as far as the text tells it, ``fc.1`` or ``act``.
    """

    node: cst.Call | cst.Name | cst.Attribute
    kind: str
    inner: cst.BaseExpression | None
    hint: str = ""


def activations(script: Script, kinds: Collection[str]) -> list[Activation]:
    """All places where activations of some kinds are made, named or called."""
    found = []
    makers = {f"torch.nn.{KINDS[kind]}": kind for kind in kinds}
    for call, full in script.calls:
        if full in makers:
            found.append(Activation(call, makers[full], None, hint(script, call)))
        elif (applied := application(script, call)) is not None and applied.kind in kinds:
            found.append(applied)
    called = {id(call.func) for call in script.all(cst.Call)}
    for node in script.nodes:
        if isinstance(node, cst.Name | cst.Attribute) and id(node) not in called:
            inside = isinstance(script.parent(node), cst.Attribute | cst.ImportAlias)
            full = "" if inside else script.qualified(node)
            if full in makers:
                found.append(Activation(node, makers[full], None))
    return found


def application(script: Script, node: cst.CSTNode) -> Activation | None:
    """What a call of a function, or of a tensor's method, applies."""
    if not isinstance(node, cst.Call):
        return None
    full = script.qualified(node.func)
    for start in FUNCTIONS:
        kind = full.removeprefix(start).rstrip("_")
        if full.startswith(start) and kind in KINDS and node.args and node.args[0].keyword is None:
            return Activation(node, kind, node.args[0].value)
    if isinstance(node.func, cst.Attribute) and not full and node.func.attr.value.rstrip("_") in KINDS:
        receiver = script.text(node.func.value)
        bare = not node.args or node.func.attr.value in ("softmax", "log_softmax")
        if bare and receiver != "self":
            return Activation(node, node.func.attr.value.rstrip("_"), node.func.value)
    return None


def hint(script: Script, call: cst.Call) -> str:
    """The name of the module that a call makes: ``act`` for ``self.act = ...``, ``net.2`` in a Sequential."""
    for held in sequentials(script):
        for place, element in enumerate(held.elements):
            if element.call is call:
                owner = held.name.removeprefix("self.") if held.name.startswith("self.") else ""
                return f"{owner}.{place}".lstrip(".")
    around = script.parent(call)
    target = script.text(around.targets[0].target) if isinstance(around, cst.Assign) else ""
    return target.removeprefix("self.") if target.startswith("self.") else ""


def outputs(script: Script, kinds: Collection[str]) -> list[tuple[Activation, cst.CSTNode]]:
    """Activations that are the last thing a model computes, each with what would be taken out.

    That is an element of a Sequential, or the call that applies it.

    Raises:
        UncertainError: a module is applied at the end and elsewhere too.
    """
    found: list[tuple[Activation, cst.CSTNode]] = []
    places = {id(each.node): each for each in activations(script, kinds)}
    for held in sequentials(script):
        last = places.get(id(held.elements[-1].call))
        if last is not None and is_model_end(script, held):
            found.append((last, held.elements[-1].item))
    for owner in classes(script):
        if is_part(script, owner):
            continue
        made = {f"self.{name}": places.get(id(call)) for name, call in attributes(script, owner).items()}
        for node in last_words(script, owner):
            if id(node) in places:
                found.append((places[id(node)], node))
            elif isinstance(node, cst.Call) and (module := made.get(script.text(node.func))) is not None:
                uses = [
                    call
                    for call in script.all(cst.Call, owner)
                    if script.text(call.func) == script.text(node.func)
                ]
                if len(uses) > 1:
                    raise UncertainError(f"line {script.line(module.node)}: it is applied elsewhere too")
                found.append((Activation(module.node, module.kind, node.args[0].value, module.hint), node))
    return found


def taken_out(script: Script, node: cst.CSTNode, inner: cst.BaseExpression | None) -> Change:
    """An output activation gone: its call gives way to what it is applied to, a Sequential loses its end."""
    if inner is not None:
        return script.replaced(node, script.text(inner))
    held = next(held for held in sequentials(script) if held.elements[-1].item is node)
    return script.dropped([each.item for each in held.elements], node)


def wanted(found: list[Activation], where: Collection[str]) -> list[Activation]:
    """Those that the cure is limited to.

    Raises:
        UncertainError: the text does not tell which these are.
    """
    if not where:
        return found
    chosen = []
    for name in where:
        fits = [each for each in found if each.hint and (name == each.hint or name.endswith(f".{each.hint}"))]
        if len(fits) != 1:
            raise UncertainError(f"which place is {name} cannot be told from the text")
        chosen += fits
    return chosen
