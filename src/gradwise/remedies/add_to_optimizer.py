"""Give the optimizer every parameter that is to be trained.

What it does
    Hands the forgotten parameters to the optimizer, so that its step moves them
    along the gradients they already receive.

When
    Parameters require a gradient and receive one, but belong to no optimizer:
    layers kept in a plain list, a second model, layers created after the optimizer
    was.

When not
    Parameters that are kept still on purpose. Set `requires_grad` to False for
    those: it says what is meant and saves their gradients' cost.

Grade
    changes-training: parameters that stood still start to move.

The edit
    Build the optimizer from all models, after the last layer was made; keep layers
    in `nn.ModuleList` or `nn.ModuleDict`, because `parameters()` does not look into
    plain lists.

    At run time parameters that have a gradient and no optimizer are looked for before
    each of the first steps, in all modules that have run; they join the first group of
    the optimizer that holds the rest of their model, else of the one that steps.
    Undone, they leave it with what it kept of them, and stay where they have moved to.
    Not where a network that is held fixed still gets gradients, as one that a loss
    looks through.

References
    PyTorch documentation, `torch.optim`, per-parameter options;
    `torch.nn.ModuleList`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="add-to-optimizer",
    grade="changes-training",
    summary="give the optimizer every parameter that is to be trained",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
""",
        after="""\
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
""",
    ),
    undo="onward",
)


FIRST_STEPS = 10  # in which forgotten parameters are looked for


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Hand forgotten parameters to an optimizer before one of the first steps."""
    del dose
    called = patient.collect()
    roots: list[Any] = []
    looks = [0]

    def look(optimizer: Any) -> None:
        if looks[0] >= FIRST_STEPS:
            patient.run.models.collecting = False
            called.clear()
            roots.clear()
            return
        looks[0] += 1
        held = patient.run.optimizers.held()
        for owner in [*roots, *called.values()]:
            found = dict(owner.named_parameters())
            forgotten = {n: p for n, p in found.items() if p.grad is not None and id(p) not in held}
            if forgotten:
                like = next((p for p in found.values() if id(p) in held), None)
                taker = optimizer if like is None else held[id(like)]
                patient.adopt(taker, list(forgotten.values()), like)
                held |= dict.fromkeys(map(id, forgotten.values()), taker)
                patient.did(_words(type(owner).__name__, list(forgotten), type(taker).__name__))

    patient.at("root", roots.append)
    patient.at("gradients", look)


def _words(owner: str, names: list[str], optimizer: str) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"{', '.join(names[:4])}{more} of {owner} joined {optimizer}"
