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

    At run time the DataLoader that is trained from gives larger batches, so an epoch
    has fewer steps, and whatever the script counted by the loader's length before
    training began, a schedule for one, comes later. Where batches are cut by hand, drawn
    by a batch sampler of the script's own or streamed, the gradients of several steps are
    averaged instead and used at the last of them; the steps in between change nothing,
    neither momentum nor decay, and batch-norm sees batches as small as before. Undone,
    the next epoch has the script's batches, and the next step uses its own gradient; a
    sum that was begun is lost. Weights that the script updates by hand and L-BFGS are
    not reached by sums.

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
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Join batches where a loader makes them; step once for several where none does."""
    from gradwise.remedies.patient.accumulating import accumulate
    from gradwise.remedies.patient.sampling import enlarge

    times = int(dose["times"])
    joined = enlarge(patient, times, f"epochs of the training loader had batches {times} times as large")
    accumulate(patient, times, joined)
