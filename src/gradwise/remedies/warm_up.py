"""Raise the learning rate from small to full over the first steps.

What it does
    Multiplies the rate by a factor that grows from near 0 to 1 over the first few
    hundred steps, while weights, running averages and the optimizer's own averages
    are still far from settled.

When
    A run fails in its first steps with a rate that would do later: large batches,
    Adam with few steps in its averages, transformers, very deep networks.

When not
    The run fails late, or the rate is too high throughout: warm-up only puts off
    the failure.

Grade
    changes-training: the first steps become smaller.

The edit
    A scheduler over steps, stepped once after every optimizer step.

    At run time the rate is multiplied while one of the first steps of an optimizer is
    taken, and is the script's own again after it; the script's schedule goes on
    beneath. Undone, the rest of the steps are taken at full rate. It makes no sense
    where the script warms up itself.

References
    Goyal et al., Accurate, Large Minibatch SGD, arXiv 1706.02677, section 2.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="warm-up",
    grade="changes-training",
    summary="raise the learning rate from small to full over the first steps",
    edit=Edit(
        before="""\
for x, y in loader:
    train_step(x, y)
""",
        after="""\
warmup = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=500)
for x, y in loader:
    train_step(x, y)
    warmup.step()
""",
    ),
    doses=(
        Dose("steps", "steps until the full rate", 100, 1, 1e6, (100, 500, 30), whole=True),
        Dose("start", "share of the rate at the first step", 0.01, 0.0, 0.9),
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lend every optimizer a share of its rate that grows to 1."""
    taken: dict[int, int] = {}

    def before(optimizer: Any) -> None:
        step = taken.get(id(optimizer), 0)
        taken[id(optimizer)] = step + 1
        if step < dose["steps"]:
            share = dose["start"] + (1 - dose["start"]) * step / dose["steps"]
            patient.multiply(optimizer, "lr", share, "first rate")

    patient.at("optimizer", lambda optimizer: taken.pop(id(optimizer), None))
    patient.at("before-step", before)
