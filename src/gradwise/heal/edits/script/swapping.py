"""One activation in the place of another."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from gradwise.heal.edits.script.activations import Activation, activations, outputs, wanted
from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines


def swapped(
    order: Order,
    kinds: Collection[str],
    module: str,
    function: str,
    option: str = "",
    *,
    hidden: bool = False,
) -> Done:
    """Exchange every activation of some kinds.

    Args:
        order: what is to be done.
        kinds: names of functions.
        module: class in torch.nn that is made instead.
        function: name in torch.nn.functional that is called instead.
        option: argument for both.
        hidden: leave what the model puts out.

    Raises:
        UncertainError: there is none, or the text does not tell hidden ones from gates and outputs.
    """
    script = order.script
    found = activations(script, kinds)
    if hidden:
        ends = {id(place.node) for place, _ in outputs(script, kinds)}
        found = [each for each in found if id(each.node) not in ends]
        _no_gates(order, found)
    models = [each for each in found if each.inner is None or script.enclosing(each.node, cst.ClassDef)]
    found = wanted(models, order.where)
    if not found:
        raise UncertainError(f"no {' or '.join(kinds)} between layers is written in this file")
    changes = [change for each in found for change in _exchanged(order, each, module, function, option)]
    return Done(
        changes,
        f"{' and '.join(sorted({each.kind for each in found}))} → {module} ({lines(script, changes)})",
    )


def _exchanged(order: Order, each: Activation, module: str, function: str, option: str) -> list[Change]:
    script = order.script
    if each.inner is None:
        name, imports = script.spelled(f"torch.nn.{module}")
        if isinstance(each.node, cst.Call):
            return [script.replaced(each.node, f"{name}({option})"), *imports]
        if option:
            raise UncertainError(
                f"line {script.line(each.node)}: the class is handed on without its argument"
            )
        return [script.replaced(each.node, name), *imports]
    plain = isinstance(each.node, cst.Call) and script.qualified(each.node.func).count(".") == 1
    home = "torch" if plain and function == "relu" else "torch.nn.functional"
    name, imports = script.spelled(f"{home}.{function}")
    rest = f", {option}" if option else ""
    return [script.replaced(each.node, f"{name}({script.text(each.inner)}{rest})"), *imports]


def _no_gates(order: Order, found: list[Activation]) -> None:
    """Refuse where a sigmoid multiplies something: that is a gate."""
    for each in found:
        around = order.script.parent(each.node)
        if isinstance(around, cst.BinaryOperation) and isinstance(around.operator, cst.Multiply):
            raise UncertainError(f"line {order.script.line(each.node)} uses {each.kind} as a gate")
