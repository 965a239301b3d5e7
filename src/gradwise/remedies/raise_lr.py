"""Take larger steps.

What it does
    Multiplies the learning rate, by 10 or 30 at first, or by as much as brings a step to a
    thousandth of the weights where that was measured and is more, so that the same number
    of steps leads further. A rate that is still ten times too low shows no ailment, so
    `gradwise heal` tries ten times more where it helped.

When
    The loss falls slowly and steadily, and a step moves the weights by far less than a
    thousandth of their size.

When not
    The loss bounces or rises; weights that were loaded and are only to be tuned; a rate
    that is small because unscaled inputs or targets leave no other (scale them first).

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    One argument of the optimizer.

    At run time every rate is multiplied while a step is taken and is the script's own
    again after it, so schedules, and rates that the script sets by hand, are followed;
    what the script prints and saves is its own rate. Undone, nothing is left of it. It
    cannot be given to one layer alone.

References
    Smith, Cyclical learning rates for training neural networks, arXiv 1506.01186,
    section 3.3 (the rate test); Karpathy, A Recipe for Training Neural Networks, 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="raise-lr",
    grade="changes-training",
    summary="take larger steps",
    edit=Edit(
        before="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
""",
        after="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
""",
    ),
    doses=(
        Dose(
            "factor",
            "times the script's rate",
            10.0,
            1.001,
            1e6,
            (10.0, 30.0, 3.0, 100.0),
            stride=10.0,
            aim=("update over weight", 1e-3),  # Karpathy's usual step
        ),
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lend every optimizer a larger rate at each step."""
    patient.at("before-step", lambda optimizer: patient.multiply(optimizer, "lr", dose["factor"], "rate"))
