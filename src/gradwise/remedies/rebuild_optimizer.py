"""Build the optimizer from the parameters of the model that runs.

What it does
    Creates the optimizer after the model is complete, so that it holds the very
    tensors that the forward pass uses.

When
    The model, or a layer of it, was replaced after the optimizer had been created:
    the optimizer goes on updating tensors that nothing uses.

When not
    Models changed in place (`.to(device)`, `load_state_dict`, `copy_`): those keep
    their parameters, and the optimizer with its state stays valid.

Grade
    changes-training: the parameters that run begin to learn.

The edit
    Move the line that makes the optimizer below the last line that replaces
    modules; or pass new parameters to `add_param_group`.

    At run time, before one of the first steps after a module was made, parameters of
    modules that have a gradient and are in no optimizer join the one that trains their
    model, or else the one that is stepping. Those that nothing uses any more stay in it
    and change nothing, as they get no gradient. Undone, the optimizer holds what it
    held; what was learnt stays. Parameters that are left out on purpose and still get
    gradients cannot be told from forgotten ones.

References
    PyTorch documentation, `torch.optim`: constructing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

FIRST_STEPS = 10  # after a module was made, in which parameters are looked for

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="rebuild-optimizer",
    grade="changes-training",
    summary="create the optimizer after the last change of the model's modules",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters())
model.fc = nn.Linear(512, 10)
""",
        after="""\
model.fc = nn.Linear(512, 10)
optimizer = torch.optim.Adam(model.parameters())
""",
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Hand the parameters that run to the optimizer."""
    del dose
    models, optimizers = patient.run.models, patient.run.optimizers
    models.noting = True
    looks, made = [0], [0]

    def look(optimizer: Any) -> None:
        if made[0] != models.made:
            looks[0], made[0] = 0, models.made
        if looks[0] >= FIRST_STEPS:
            return
        looks[0] += 1
        held = optimizers.held()
        for module in models.alive():
            own = [p for p in module.parameters(recurse=False) if p.grad is not None and id(p) not in held]
            if own:
                like = next((p for p in models.top(module).parameters() if id(p) in held), None)
                taker = optimizer if like is None else held[id(like)]
                patient.adopt(taker, own, like)
                held |= dict.fromkeys(map(id, own), taker)
                patient.did(
                    f"parameters of a {type(module).__name__} that runs joined {type(taker).__name__}"
                )

    patient.at("gradients", look)
