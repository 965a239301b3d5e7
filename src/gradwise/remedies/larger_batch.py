"""Average over more samples per step.

What it does
    Raises the batch size, so that gradients (and the statistics of batch-norm)
    are averaged over more samples. Adding up the gradients of several small
    batches does the same for gradients, and nothing for batch-norm.

When
    The loss jumps from batch to batch more than it falls, batch-norm sees a
    handful of values, or the machine idles on tiny batches.

When not
    The whole data set is small: fewer steps per epoch may cost more than they
    win. Memory is full: accumulate gradients instead.

Grade
    changes-training: the same model, fewer and steadier steps per epoch; the
    learning rate may be raised along with it.

The edit
    `batch_size=32` or more; `drop_last=True` where a last batch of one would
    stop batch-norm.

    At run time the gradients of several steps are averaged and used at the last of
    them; the steps in between change nothing, neither momentum nor decay. So batch-
    norm, dropout and the schedule go on batch by batch, as with accumulation. Undone,
    the next step uses its own gradient; a sum that was begun is lost. Weights that the
    script updates by hand and L-BFGS are not reached.

References
    Goyal et al., arXiv 1706.02677; McCandlish et al., arXiv 1812.06162 on how
    far it helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="larger-batch",
    grade="changes-training",
    summary="average over more samples per step",
    edit=Edit(
        before="""\
loader = DataLoader(data, batch_size=2, shuffle=True)
""",
        after="""\
loader = DataLoader(data, batch_size=32, shuffle=True, drop_last=True)
""",
    ),
    doses=(Dose("times", "as many samples per step", 8, 2, 1024, (8, 4, 16), whole=True),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Step once for several batches."""
    from gradwise.remedies.patient.accumulating import accumulate

    accumulate(patient, int(dose["times"]))
