"""Go on training.

What it does
    Makes four times as many rounds of the loop that trains.

When
    The loss was still falling steadily when the run ended.

When not
    The evaluation has turned, or the rate is so small that no number of epochs helps.

Grade
    changes-training: the same training, for longer.

The edit
    The number of epochs; a schedule must be stretched with it.

    At run time the outermost loop that trains goes on counting where it would end, if the
    head of its ``for`` statement counts by ``range`` (also within ``tqdm`` and the like) and
    is no size of data; schedules step at one call of several, so that they last for all of
    it, but for those that wait for a plateau. Loops of other kinds are left. What a script
    does in its last round, by the number that it knows, it does in that round and not in
    the last one of all. Undone, a loop that runs ends where the script says. A run with it
    costs so many times the steps, and is compared where it ends.

References
    Karpathy, A Recipe for Training Neural Networks, 2019 (leave it training).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="train-longer",
    grade="changes-training",
    summary="go on training while the loss still falls",
    edit=Edit(
        before="""\
epochs = 3
""",
        after="""\
epochs = 60
""",
    ),
    doses=(Dose("times", "as many rounds", 4, 2, 1000, (4,), whole=True),),
    undo="onward",
    lengthens="times",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Let the training loop go on."""
    from gradwise.remedies.patient.lengthening import lengthen

    lengthen(patient, int(dose["times"]))
