"""Options of optimizers, where they are written: in the call, in its parameter groups, nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import libcst as cst
from libcst import metadata

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import Script, argument
from gradwise.heal.edits.script.training import RATES, Made, optimizers, schedulers
from gradwise.heal.edits.script.values import shown


def written(script: Script, made: Sequence[Made], word: str) -> tuple[list[cst.BaseExpression], list[Made]]:
    """Expressions that give an option of optimizers, and the optimizers whose call says nothing of it.

    Raises:
        UncertainError: it is set by hand somewhere, or comes from ``**`` or by its place.
    """
    _no_hand(script, word)
    found: list[cst.BaseExpression] = []
    silent = []
    for each in made:
        try:
            plain = [arg for arg in each.call.args if arg.keyword is None]
            given = argument(each.call, word, 1 if word == "lr" else None)
        except UncertainError as reason:
            raise UncertainError(f"line {script.line(each.call)}: {reason}") from None
        if len(plain) > 2 and given is None:
            raise UncertainError(f"line {script.line(each.call)}: options are given by their places")
        groups = _in_groups(script, each.call, word)
        found += groups
        if given is not None:
            found.append(given.value)
        elif not groups:
            silent.append(each)
    return found, silent


def _in_groups(script: Script, call: cst.Call, word: str) -> list[cst.BaseExpression]:
    """Values of an option in parameter groups; those of other places make it uncertain."""
    found = []
    for group in script.all(cst.Dict):
        values = {
            script.text(item.key).strip("\"'"): item.value
            for item in group.elements
            if isinstance(item, cst.DictElement)
        }
        if "params" in values and word in values:
            if not script.within(group, call):
                raise UncertainError(
                    f"line {script.line(group)}: parameter groups are made apart from the optimizer"
                )
            found.append(values[word])
    return found


def _no_hand(script: Script, word: str) -> None:
    """Refuse where the script writes ``group["lr"] = ...`` itself."""
    for node in script.all(cst.Subscript):
        target = script.parent(node)
        by_hand = isinstance(target, cst.AssignTarget | cst.AugAssign) and target.target is node
        named = script.text(node).endswith((f'["{word}"]', f"['{word}']"))
        if by_hand and named and not _is_config(script, node.value):
            raise UncertainError(f"the script itself sets {word} in line {script.line(node)}")


def _is_config(script: Script, holder: cst.BaseExpression) -> bool:
    """Whether something is a dictionary that the script writes out."""
    scope = script.scope(holder)
    found = list(scope[holder.value]) if isinstance(holder, cst.Name) and scope is not None else []
    for each in found:
        node = each.node if isinstance(each, metadata.Assignment) else None
        around = script.parent(script.parent(node)) if isinstance(node, cst.Name) else None
        value = around.value if isinstance(around, cst.Assign) else None
        if isinstance(value, cst.Dict) or (isinstance(value, cst.Call) and script.text(value.func) == "dict"):
            return True
    return False


def scaled(order: Order, word: str, factor: float, defaults: Mapping[str, float]) -> Done:
    """Multiply an option of all optimizers, where it is written."""
    script = order.script
    made = optimizers(script, order.facts)
    values, silent = written(script, made, word)
    changes = order.numbers.times(values, factor)
    changes += [
        script.added(each.call, f"{word}={shown(defaults[each.kind] * factor)}")
        for each in silent
        if each.kind in defaults
    ]
    title = {"lr": "learning rate", "weight_decay": "weight decay"}[word]
    return Done(changes, f"{title} times {factor:g} ({lines(script, changes)})")


def scaled_rate(order: Order, factor: float) -> Done:
    """Multiply the rate of all optimizers, or what a one-cycle schedule makes of it."""
    script = order.script
    kinds = {made.kind: made for made in schedulers(script)}
    if "CyclicLR" in kinds:
        raise UncertainError(f"the CyclicLR of line {script.line(kinds['CyclicLR'].call)} sets the rate")
    if "OneCycleLR" in kinds:
        peak = argument(kinds["OneCycleLR"].call, "max_lr", 1)
        if peak is None:
            raise UncertainError(f"line {script.line(kinds['OneCycleLR'].call)}: max_lr was not found")
        changes = order.numbers.times([peak.value], factor)
        return Done(changes, f"highest rate of OneCycleLR times {factor:g} ({lines(script, changes)})")
    return scaled(order, "lr", factor, RATES)
