"""dropout: nn.Dropout behind the hidden activations of a Sequential."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.layers import sequentials
from gradwise.heal.edits.script.sequences import behind
from gradwise.heal.edits.script.values import shown

NAME = "dropout"
HIDDEN = ("ReLU", "LeakyReLU", "GELU", "SiLU", "ELU", "Tanh", "Sigmoid", "SELU", "PReLU", "Softplus")


def edit(order: Order) -> Done:
    """Put Dropout between an activation that follows a Linear and the next Linear."""
    script = order.script
    present = [call for call, name in script.calls if name.startswith("torch.nn.Dropout")]
    if present:
        raise UncertainError(f"line {script.line(present[0])} drops already; raise its share")
    name, imports = script.spelled("torch.nn.Dropout")
    share = order.dose("share", order.dose("p", 0.5))
    text = f"{name}({shown(share)})"
    changes: list[Change] = []
    for held in sequentials(script):
        kinds = [each.kind for each in held.elements]
        changes += [
            behind(script, held, place, text) for place in range(len(kinds)) if _is_wide(kinds, place)
        ]
    if not changes:
        raise UncertainError("no Sequential with hidden dense layers is written out in this file")
    return Done([*imports, *changes], f"dropout of {share:g} behind hidden layers ({lines(script, changes)})")


def _is_wide(kinds: list[str], place: int) -> bool:
    """Whether a hidden activation stands between two dense layers."""
    before = kinds[max(0, place - 2) : place]
    return kinds[place] in HIDDEN and "Linear" in before and "Linear" in kinds[place + 1 :]
