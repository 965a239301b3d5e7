"""Layers of a script: what a Sequential holds, which attribute holds which layer, where a model ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import models, name_of

NN = "torch.nn."
SHAPING = (
    "squeeze",
    "unsqueeze",
    "view",
    "reshape",
    "flatten",
    "mean",
    "sum",
)  # between activation and output
HELD = ("torch.nn.Sequential", "torch.nn.ModuleList")


@dataclass(frozen=True, slots=True)
class Element:
    """One layer of a Sequential: the argument, the call that makes it, its class in torch.nn or ""."""

    item: cst.Arg | cst.Element
    call: cst.BaseExpression
    kind: str


@dataclass(frozen=True, slots=True)
class Held:
    """A Sequential whose layers are written into its call, and the name it is given."""

    call: cst.Call
    elements: list[Element]
    name: str


def sequentials(script: Script) -> list[Held]:
    """Every Sequential that is written out, ``nn.Sequential(a, b)`` or ``nn.Sequential(*[a, b])``."""
    found = []
    for call in script.calls_of("torch.nn.Sequential"):
        items: list[cst.Arg | cst.Element] = []
        if len(call.args) == 1 and call.args[0].star == "*":
            inner = call.args[0].value
            if isinstance(inner, cst.List) and all(isinstance(each, cst.Element) for each in inner.elements):
                items = [each for each in inner.elements if isinstance(each, cst.Element)]
        elif not any(arg.star or arg.keyword for arg in call.args):
            items = list(call.args)
        elements = [Element(item, item.value, kind_of(script, item.value)) for item in items]
        if elements:
            found.append(Held(call, elements, name_of(script, call)))
    return found


def kind_of(script: Script, node: cst.CSTNode) -> str:
    """The class in torch.nn that a call makes; "" for others."""
    full = script.qualified(node.func) if isinstance(node, cst.Call) else ""
    return full.removeprefix(NN) if full.startswith(NN) and "." not in full.removeprefix(NN) else ""


def attributes(script: Script, owner: cst.ClassDef) -> dict[str, cst.Call]:
    """Layers of torch.nn by the attribute of ``self`` that holds them, where it is set once."""
    found: dict[str, list[cst.BaseExpression]] = {}
    for assign in script.all(cst.Assign, owner):
        for each in assign.targets:
            text = script.text(each.target)
            if text.startswith("self.") and text.count(".") == 1:
                found.setdefault(text[5:], []).append(assign.value)
    return {
        name: values[0]
        for name, values in found.items()
        if len(values) == 1 and isinstance(values[0], cst.Call) and kind_of(script, values[0])
    }


def classes(script: Script) -> list[cst.ClassDef]:
    """Classes with a ``forward``."""
    return [each for each in script.all(cst.ClassDef) if forward(each) is not None]


def forward(owner: cst.ClassDef) -> cst.FunctionDef | None:
    """Its method ``forward``."""
    methods = [each for each in owner.body.body if isinstance(each, cst.FunctionDef)]
    return next((each for each in methods if each.name.value == "forward"), None)


def is_part(script: Script, owner: cst.ClassDef) -> bool:
    """Whether a class is made inside another model, as a block of it."""
    for call in script.all(cst.Call):
        if script.text(call.func) == owner.name.value:
            around = [each for each in script.around(call) if isinstance(each, cst.ClassDef | cst.Call)]
            if any(isinstance(each, cst.ClassDef) or script.qualified(each.func) in HELD for each in around):
                return True
    return False


def last_words(script: Script, owner: cst.ClassDef) -> Iterator[cst.BaseExpression]:
    """The expressions that a model's ``forward`` ends with, without squeezes and other shaping."""
    method = forward(owner)
    for each in script.all(cst.Return, method) if method is not None else ():
        if each.value is None:
            continue
        node = _unshaped(each.value)
        yield node
        if isinstance(node, cst.Name):
            statement = script.enclosing(each, cst.SimpleStatementLine)
            assert statement is not None
            siblings = list(script.siblings(statement))
            for earlier in reversed(siblings[: siblings.index(statement)]):
                line = earlier.body[0] if isinstance(earlier, cst.SimpleStatementLine) else None
                if not isinstance(line, cst.Assign) or script.text(line.targets[0].target) != node.value:
                    break
                value = _unshaped(line.value)
                yield value
                if not isinstance(value, cst.Name):
                    break


def _unshaped(node: cst.BaseExpression) -> cst.BaseExpression:
    while (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in SHAPING
    ):
        node = node.func.value
    return node


def is_model_end(script: Script, held: Held) -> bool:
    """Whether what a Sequential puts out is what the model puts out, and nothing more is computed of it."""
    owner = script.enclosing(held.call, cst.ClassDef)
    if not isinstance(owner, cst.ClassDef):
        around = script.parent(held.call)
        if held.name.split(".")[-1] in models(script):
            return True
        return isinstance(around, cst.Return) or (bool(held.name) and not isinstance(around, cst.Arg))
    ends = [script.text(each.func) for each in last_words(script, owner) if isinstance(each, cst.Call)]
    return held.name in ends and not is_part(script, owner)
