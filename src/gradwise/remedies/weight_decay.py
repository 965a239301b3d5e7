"""Pull every weight towards zero at each step.

What it does
    Shrinks the weights by a small share per step. Weights that the data does not
    hold up fade, and the network prefers smoother functions.

When
    Validation gets worse while training gets better, or the weights grow without
    bound while the loss gains nothing.

When not
    Networks that underfit. Biases and the scales of norm layers are usually left
    out, by a parameter group with decay 0.

Grade
    changes-training: each step gains a pull towards zero.

The edit
    One argument of the optimizer; with Adam take AdamW, which keeps the decay apart
    from the gradient's scaling. 0.01 is AdamW's default, 1e-4 usual for SGD.

    At run time every group has this decay while a step is taken and its own again after
    it; Adam's is decoupled, as AdamW's. Biases and norm layers in the same group are
    pulled too. Groups that already decay more keep their own. Undone, nothing is left
    of it. Optimizers without decay (Rprop, L-BFGS) are told.

References
    Krogh and Hertz, A Simple Weight Decay Can Improve Generalization, 1991;
    Loshchilov and Hutter, Decoupled Weight Decay Regularization, arXiv 1711.05101.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="weight-decay",
    grade="changes-training",
    summary="pull every weight towards zero at each step",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
        after="""\
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
""",
    ),
    doses=(Dose("decay", "pull; unset: 0.01 for Adam, else 5e-4", None, 1e-8, 1.0, (0.01, 1e-3, 1e-4)),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lend every group a weight decay at each step."""
    import torch

    lines: dict[str, Any] = {}

    def before(optimizer: Any) -> None:
        adam = isinstance(optimizer, torch.optim.Adam)
        decay = dose.get("decay", 0.01 if adam else 5e-4)
        kind = type(optimizer).__name__
        for group in optimizer.param_groups:
            if "weight_decay" not in group:
                patient.could_not(f"{kind} has no weight decay")
            elif group["weight_decay"] < decay and patient.lend(optimizer, group, "weight_decay", decay):
                if adam:
                    patient.lend(optimizer, group, "decoupled_weight_decay", value=True)
                text = f"weight decay of {kind} → {decay:g}"
                lines.setdefault(text, patient.did(text, 0)).times += 1

    patient.at("before-step", before)
