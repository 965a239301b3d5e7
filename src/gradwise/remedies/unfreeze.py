"""Let freshly initialised parameters learn.

What it does
    Sets `requires_grad` of parameters that were frozen without having been trained
    before.

When
    Layers at their random start do not require a gradient, as when a loop written
    for a pretrained backbone meets one without weights.

When not
    Pretrained layers, random features that are meant, and target networks that are
    copied from another net.

Grade
    changes-training: more parameters learn.

The edit
    Freeze only what was loaded, and check the head.

    At run time, right before a model first runs, parameters that do not ask for a
    gradient do so from then on, and those that no optimizer holds join the one that
    trains the model. Weights that were loaded by `load_state_dict`, and layers that
    share a place with them, stay frozen; so do models of which nothing learns. Undone,
    they are frozen again and out of the optimizer. A forward pass under no_grad is not
    reached, and frozen weights that are meant (random features, targets) cannot be told
    from others: say which with `where`.

References
    PyTorch tutorials, Transfer learning.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from torch import nn

    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="unfreeze",
    grade="changes-training",
    summary="do not freeze layers that hold no trained weights",
    edit=Edit(
        before="""\
for p in backbone.parameters():
    p.requires_grad = False
""",
        after="""\
for p in backbone.parameters():
    p.requires_grad = True
""",
    ),
    undo="onward",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Let frozen parameters that were not loaded learn."""
    del dose

    def thaw(root: nn.Module) -> None:
        from gradwise.remedies.patient.models import has_loaded_weights

        if not any(p.requires_grad for p in root.parameters()):
            return
        frozen: list[Any] = []
        for name, module in patient.places(root):
            own = [
                p for p in module.parameters(recurse=False) if not p.requires_grad and p.is_floating_point()
            ]
            if own and has_loaded_weights(module):
                patient.could_not(f"weights that were loaded stay frozen: {name}")
            elif own:
                patient.did(f"{name or type(root).__name__} was unfrozen")
                frozen += own
        for parameter in frozen:
            parameter.requires_grad = True
            patient.later(partial(_freeze, parameter))
        held = patient.run.optimizers.held()
        like = next((p for p in root.parameters() if id(p) in held), None)
        missing = [p for p in frozen if id(p) not in held]
        if like is not None and missing:
            patient.adopt(held[id(like)], missing, like)

    patient.at("root", thaw)


def _freeze(parameter: Any) -> None:
    parameter.requires_grad = False
    parameter.grad = None
