"""Take smaller steps.

What it does
    Divides the learning rate, by 10 at first and by 3 when the right scale is near,
    so that the straight line each step follows still fits the loss where the step
    ends.

When
    The loss rises, bounces or turns into NaN, or each step moves the weights by
    more than a few percent of their own size. About one thousandth per step is
    usual for a healthy run.

When not
    The loss falls slowly and steadily: the rate may already be too low. Check first
    that the trouble is not unscaled input or a missing zero_grad, which no rate
    cures.

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    One argument of the optimizer.

    At run time every rate is multiplied while a step is taken and is the script's own
    again after it, so schedules, and rates that the script sets by hand, are followed;
    what the script prints and saves is its own rate. Undone, nothing is left of it. It
    cannot be given to one layer alone.

References
    Bengio, arXiv 1206.5533, section 3.1; Goodfellow, Bengio, Courville, Deep
    Learning, 2016, section 11.4: the learning rate is the hyper-parameter to tune
    first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="lower-lr",
    grade="changes-training",
    summary="take smaller steps",
    edit=Edit(
        before="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
""",
        after="""\
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
""",
    ),
    doses=(Dose("factor", "times the script's rate", 0.1, 1e-6, 0.999, (0.1, 0.03, 0.3, 0.01)),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lend every optimizer a smaller rate at each step."""
    patient.at("before-step", lambda optimizer: patient.multiply(optimizer, "lr", dose["factor"], "rate"))
