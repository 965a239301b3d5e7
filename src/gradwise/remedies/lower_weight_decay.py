"""Pull the weights less towards zero.

What it does
    Divides the weight decay by 10 or 100, so that the loss and not the decay says how
    large the weights are.

When
    The decay term is as large as the gradient, the weights shrink, and the output turns
    constant.

When not
    The network overfits and its weights keep their size.

Grade
    changes-training: the same model is trained with another penalty.

The edit
    One argument of the optimizer; biases and norm layers need none.

    At run time every group's decay is multiplied while a step is taken and is its own
    again after it. Undone, nothing is left of it. A penalty that the script adds to the
    loss itself is not reached.

References
    Loshchilov and Hutter, Decoupled weight decay regularization, arXiv 1711.05101.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="lower-weight-decay",
    grade="changes-training",
    summary="pull the weights less towards zero",
    edit=Edit(
        before="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1.0)
""",
        after="""\
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
""",
    ),
    # A decay that is strong enough to be found is mostly a thousand times too strong, so 0.1 comes last.
    doses=(Dose("factor", "times the script's decay", 0.1, 0.0, 0.999, (0.01, 0.001, 0.1)),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lend every group that decays a smaller decay at each step."""

    def before(optimizer: Any) -> None:
        if any(group.get("weight_decay") for group in optimizer.param_groups):
            patient.multiply(optimizer, "weight_decay", dose["factor"], "weight decay")

    patient.at("before-step", before)
