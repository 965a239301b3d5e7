"""Add up the gradients of several batches before each step.

What it does
    Runs backward on several small batches and steps once with the mean of their
    gradients, which has the noise of one large batch.

When
    Gradients of single batches hardly agree and a larger batch does not fit in
    memory.

When not
    Batch-norm is used: its statistics still come from each small batch. Where
    memory allows, a larger batch is faster.

Grade
    changes-training: fewer steps, each with less noise.

The edit
    Divide the loss by the number of batches, and step at every fourth.

    At run time the gradients of several steps are kept, averaged and used at the last
    of them; the steps in between change nothing, neither momentum nor decay. A clipping
    of the script's own has met each part alone. Undone, the next step uses its own
    gradient; a sum that was begun is lost. Weights that the script updates by hand and
    L-BFGS are not reached.

References
    Goyal et al., Accurate, large minibatch SGD, arXiv 1706.02677; McCandlish et
    al., arXiv 1812.06162.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="accumulate",
    grade="changes-training",
    summary="add up the gradients of several batches before each step",
    edit=Edit(
        before="""\
for x, y in loader:
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
""",
        after="""\
for i, (x, y) in enumerate(loader, start=1):
    (criterion(model(x), y) / 4).backward()
    if i % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
""",
    ),
    doses=(Dose("batches", "whose gradients make one step", 4, 2, 1024, (4, 8, 2), whole=True),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Step once for several batches."""
    from gradwise.remedies.patient.accumulating import accumulate

    accumulate(patient, int(dose["batches"]))
