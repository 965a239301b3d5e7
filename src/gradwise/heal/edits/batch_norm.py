"""batch-norm: nn.BatchNorm between a layer and its activation in a Sequential."""

from __future__ import annotations

import libcst as cst

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.layers import sequentials
from gradwise.heal.edits.script.reading import argument
from gradwise.heal.edits.script.sequences import behind

NAME = "batch-norm"
NORMS = {"Linear": "BatchNorm1d", "Conv1d": "BatchNorm1d", "Conv2d": "BatchNorm2d", "Conv3d": "BatchNorm3d"}
WIDTHS = {"Linear": ("out_features", 1)}
ACTIVATIONS = ("ReLU", "LeakyReLU", "GELU", "SiLU", "ELU", "Tanh", "Sigmoid", "PReLU")


def edit(order: Order) -> Done:
    """Put a norm behind every layer that an activation follows and that is not the last."""
    script = order.script
    present = [call for call, name in script.calls if name.startswith("torch.nn.") and "Norm" in name]
    if present:
        raise UncertainError(f"line {script.line(present[0])} normalizes already")
    changes: list[Change] = []
    for held in sequentials(script):
        kinds = [each.kind for each in held.elements]
        for place, kind in enumerate(kinds[:-1]):
            more = any(other in NORMS for other in kinds[place + 1 :])
            call = held.elements[place].call
            if kind in NORMS and kinds[place + 1] in ACTIVATIONS and more and isinstance(call, cst.Call):
                width = argument(call, *WIDTHS.get(kind, ("out_channels", 1)))
                if width is None:
                    raise UncertainError(f"line {script.line(call)}: its width was not found")
                name, imports = script.spelled(f"torch.nn.{NORMS[kind]}")
                changes += [*imports, behind(script, held, place, f"{name}({script.text(width.value)})")]
    if not changes:
        raise UncertainError("no Sequential with hidden layers is written out in this file")
    return Done(changes, f"batch norm before hidden activations ({lines(script, changes)})")
