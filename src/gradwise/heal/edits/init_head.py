"""init-head: the last layer drawn small before the optimizer is made."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import UncertainError
from gradwise.heal.edits.script.editor import Done, Order
from gradwise.heal.edits.script.training import model_of, one_optimizer

NAME = "init-head"
HEADS = ("Linear", "Conv1d", "Conv2d", "Conv3d")


def edit(order: Order) -> Done:
    """Draw the layers that are meant, or else the last one that the run names."""
    script, made = order.script, one_optimizer(order.script, order.facts)
    model = model_of(script, made)
    names = order.where or [name for name, kind in order.facts.modules.items() if kind in HEADS][-1:]
    if not model or not names:
        raise UncertainError("which layer is the last one is not certain; draw it after the model is made")
    if any(set(name) & set("*?[") for name in names):
        raise UncertainError("its places are patterns; name the modules")
    nn, imports = script.spelled("torch.nn")
    head, deviation = script.free_name("head", "last_layer"), order.dose("deviation", 0.01)
    text = []
    for name in names:
        text += [
            f'{head} = {model}.get_submodule("{name}")',
            f"{nn}.init.normal_({head}.weight, std={deviation:g})",
            f"if {head}.bias is not None:",
            f"\t{nn}.init.zeros_({head}.bias)",
        ]
    statement = script.statement(made.call)
    where = f"{', '.join(names)} drawn small (before line {script.line(statement)})"
    return Done([*imports, script.before(statement, text)], where)
