"""Let the optimizer update all weights in one pass.

What it does
    Uses torch's fused kernels, which read and write each weight once per step.

When
    The optimizer takes a large part of each step.

When not
    Optimizers without a fused form; weights that are not floating-point numbers.

Grade
    safe: the same mathematics, rounded in another order.

The edit
    One argument of the optimizer.

    At run time SGD, Adam, AdamW and Adagrad are told to use the fused kernel for the
    length of each step; what the script prints and saves is its own setting. Left are
    optimizers for which the script chose a form, sparse gradients and weights that are
    no floating-point numbers. Undone, the next step is computed as before.

References
    PyTorch, torch.optim, "Taking an optimization step".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

CHOSEN = ("fused", "foreach", "capturable", "differentiable")  # options that say how a step is computed

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="fused-optimizer",
    grade="safe",
    summary="let the optimizer update all weights in one pass",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
        after="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
""",
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lend each step the fused form."""
    del dose
    from torch.optim import SGD, Adagrad, Adam, AdamW

    patient.run.models.noting = True
    lines: dict[str, Any] = {}

    def before(optimizer: Any) -> None:
        kind = type(optimizer).__name__
        if type(optimizer) not in (SGD, Adam, AdamW, Adagrad):
            patient.could_not(f"{kind} has no fused form")
        elif any(group.get(word) for group in optimizer.param_groups for word in CHOSEN):
            patient.could_not(f"{kind} has a form that the script chose")
        elif patient.has_sparse(optimizer) or not _floating(optimizer):
            patient.could_not(f"{kind} holds weights that the fused form cannot update")
        else:
            line = lines.setdefault(kind, patient.did(f"{kind} took fused steps", 0))
            on = True
            lent = [patient.lend(optimizer, group, "fused", on) for group in optimizer.param_groups]
            line.times += all(lent)

    patient.at("before-step", before)


def _floating(optimizer: Any) -> bool:
    return all(p.is_floating_point() for group in optimizer.param_groups for p in group["params"])
