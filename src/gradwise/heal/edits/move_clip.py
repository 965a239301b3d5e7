"""move-clip: the line that clips put between backward and step."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.training import steps

NAME = "move-clip"
CLIPS = ("clip_grad_norm_", "clip_grad_norm", "clip_grad_value_")


def edit(order: Order) -> Done:
    """Move a clip that stands elsewhere in the block of the step."""
    script = order.script
    found = [call for call, name in script.calls if name.rpartition(".")[2] in CLIPS]
    taken = steps(script)
    if len(found) != 1 or len(taken) != 1:
        raise UncertainError("one clip and one step are not what this file holds")
    clip, step = script.statement(found[0]), script.statement(taken[0].call)
    if not isinstance(clip, cst.SimpleStatementLine) or not isinstance(clip.body[0], cst.Expr | cst.Assign):
        raise UncertainError(f"line {script.line(clip)} does more than clip")
    around = [script.siblings(clip), script.siblings(step)]
    block = list(around[1])
    if around[0] is not around[1]:
        raise UncertainError(
            f"line {script.line(clip)} does not stand beside the step of line {script.line(step)}"
        )
    runs = [n for n, each in enumerate(block) if script.methods("backward", within=each)]
    if len(runs) != 1 or runs[0] >= block.index(step):
        raise UncertainError(f"no single backward stands before the step of line {script.line(step)}")
    if runs[0] < block.index(clip) < block.index(step):
        raise UncertainError(f"line {script.line(clip)} stands between backward and step already")
    text = script.module.code_for_node(clip.body[0]).strip()
    if "\n" in text:
        raise UncertainError(f"line {script.line(clip)} spans several lines")
    changes: list[Change] = [script.without(clip), script.before(step, [text])]
    return Done(changes, f"gradients are clipped before the step ({lines(script, changes)})")
