"""lower-dropout: another share in every dropout."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import argument
from gradwise.heal.edits.script.values import shown

NAME = "lower-dropout"
MODULES = tuple(
    f"torch.nn.{kind}" for kind in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout")
)
FUNCTIONS = tuple(
    f"torch.nn.functional.{kind}" for kind in ("dropout", "dropout1d", "dropout2d", "dropout3d")
)
DEFAULT = 0.5  # of both, in torch


def edit(order: Order) -> Done:
    """Set every share that is larger."""
    script, share = order.script, order.dose("share", order.dose("p", 0.2))
    values: list[cst.BaseExpression] = []
    changes: list[Change] = []
    for call, name in script.calls:
        if name in MODULES or name in FUNCTIONS:
            given = argument(call, "p", 0 if name in MODULES else 1)
            if given is None and share < DEFAULT:
                changes.append(script.added(call, f"p={shown(share)}"))
            elif given is not None and (order.numbers.value(given.value) or 1.0) > share:
                values.append(given.value)
    changes += order.numbers.become(values, share)
    if not changes:
        raise UncertainError("no dropout with a larger share is written in this file")
    return Done(changes, f"share dropped {share:g} ({lines(script, changes)})")
