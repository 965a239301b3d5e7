"""guard-edges: a clamp in the argument of what a treated run kept off its edge."""

from __future__ import annotations

from pathlib import Path

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import Script

NAME = "guard-edges"
ONE_SIDED = ("sqrt", "rsqrt", "log", "log2", "log10", "pow")
TWO_SIDED = ("acos", "arccos", "asin", "arcsin", "atanh", "arctanh")
# Expressions that a method can be asked of as they stand.
PLAIN = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)


def edit(order: Order) -> Done:
    """Clamp each argument that met an edge."""
    script, distance = order.script, f"{order.dose('distance', 1e-6):g}"
    if not order.facts.edges:
        raise UncertainError("which function met its edge is not known")
    changes = []
    for name, file, line in order.facts.edges:
        bounds = _bounds(name, distance)
        found = _arguments(script, name, line)
        if len(found) != 1:
            raise UncertainError(f"{name} of {Path(file).name}:{line} was not found, or not alone")
        changes.append(_clamped(script, found[0], bounds))
    return Done(changes, f"arguments are kept off the edge ({lines(script, changes)})")


def _bounds(name: str, distance: str) -> str:
    if name in ONE_SIDED:
        return f"min={distance}"
    if name in TWO_SIDED:
        return f"-1 + {distance}, 1 - {distance}"
    raise UncertainError(f"on which side of its edge the argument of {name} lies is not known")


def _arguments(script: Script, name: str, line: int) -> list[cst.BaseExpression]:
    """What a function of this name is given in a line: its receiver, its first argument, or a base."""
    found: list[cst.BaseExpression] = []
    for call in script.all(cst.Call):
        if not isinstance(call.func, cst.Attribute) or call.func.attr.value != name:
            continue
        of_torch = script.qualified(call.func).startswith("torch.")
        given = call.args[0].value if of_torch and call.args else call.func.value
        if script.line(call.func.attr) == line:
            found.append(given)
    if name == "pow":
        powers = [one for one in script.all(cst.BinaryOperation) if isinstance(one.operator, cst.Power)]
        found += [one.left for one in powers if script.line(one) == line]
    return found


def _clamped(script: Script, given: cst.BaseExpression, bounds: str) -> Change:
    text = script.text(given)
    if isinstance(given, PLAIN) or given.lpar:
        _, end = script.span(given)
        closing = len(given.rpar)
        while closing:  # the span is without parentheses around it
            end += 1
            closing -= script.data[end - 1 : end] == b")"
        return Change(end, end, f".clamp({bounds})")
    return script.replaced(given, f"({text}).clamp({bounds})")
