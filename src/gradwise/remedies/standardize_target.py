"""Bring regression targets to mean 0 and standard deviation 1.

What it does
    Subtracts the mean of the training targets and divides by their standard deviation,
    so that a fresh network, which answers near zero, starts at the right level and with
    gradients of a usual size. Predictions are scaled back.

When
    Targets are tens, thousands or millions of units large, and the loss spends the run
    on reaching their level.

When not
    Targets are near one already, or the last activation is made for their range (a
    softplus for positive rates, say).

Grade
    changes-data: the network learns scaled targets; predictions must be scaled back.

The edit
    Two lines before training and one behind every prediction. Mean and spread come from
    the training part alone.

    At run time distances (mse_loss, l1_loss, smooth_l1_loss, huber_loss) are followed
    as they are between scaled targets and what the model puts out; the script is given
    outputs in its own units from the second step on, and sees losses in them too. Mean
    and spread are those of the whole data set where the batch comes from a DataLoader
    over a TensorDataset, else those of the first losses. Undone, the script gets what
    the model puts out, which is scaled. A distance written by hand sees right outputs
    and is followed as it is; one that is not taken of a model's output is left.

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998, section 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import COUNTED_BATCHES, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="standardize-target",
    grade="changes-data",
    summary="bring regression targets to mean 0 and standard deviation 1",
    edit=Edit(
        before="""\
loss = criterion(model(x), y)
price = model(x_new)
""",
        after="""\
mean, std = y_train.mean(), y_train.std()
loss = criterion(model(x), (y - mean) / std)
price = model(x_new) * std + mean
""",
    ),
    doses=(COUNTED_BATCHES,),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Scale targets in losses, and outputs back."""
    from gradwise.remedies.patient.predicting import scale_targets

    scale_targets(patient, int(dose["batches"]))
