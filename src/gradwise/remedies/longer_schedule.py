"""Stretch the learning-rate schedule over the whole run.

What it does
    Lets the rate fall as slowly as the run is long, so that every step still moves the
    weights.

When
    The rate is near zero long before the run ends and the loss had not settled: a decay
    per epoch that is applied per batch, or a horizon left over from a shorter run.

When not
    The loss had flattened before the rate fell.

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    Count the horizon in the unit in which the scheduler is stepped.

    At run time only every so many-th `scheduler.step()` reaches the scheduler, which so
    takes that much longer for all that it plans, whatever its kind; between these calls
    the rate stays. Undone, every call counts again and the schedule goes on from where
    it is. A rate that the script sets without a scheduler of torch's is not reached.

References
    Bengio, Practical recommendations for gradient-based training of deep
    architectures, arXiv 1206.5533, section 3.1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="longer-schedule",
    grade="changes-training",
    summary="stretch the learning-rate schedule over the whole run",
    edit=Edit(
        before="""\
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)  # stepped per batch
""",
        after="""\
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * len(loader))
""",
    ),
    doses=(Dose("times", "how many times as long", 10, 2, 1e6, (10, 100, 3), whole=True),),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Let one call of several reach each scheduler."""
    calls: dict[int, tuple[Any, int]] = {}  # the scheduler is held, so that no id is used again
    lines: dict[int, Any] = {}

    def counts(scheduler: Any) -> bool:
        number = calls.get(id(scheduler), (scheduler, 0))[1] + 1
        calls[id(scheduler)] = (scheduler, number)
        if number % dose["times"] == 0:
            return True
        if id(scheduler) not in lines:
            kind = type(scheduler).__name__
            lines[id(scheduler)] = patient.did(f"{kind} steps at one call of {dose['times']}; left out", 0)
        lines[id(scheduler)].times += 1
        return False

    patient.at("schedule", counts)
