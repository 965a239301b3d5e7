"""Bring every input feature to mean 0 and standard deviation 1.

What it does
    Subtracts each feature's mean and divides by its standard deviation, both taken
    from the training set and used unchanged for validation and later use.

When
    Features lie far from unit scale or far apart from each other. One learning rate
    then is too large for some weights and too small for others, and learning crawls
    or bounces.

When not
    Ids that feed an embedding, masks, one-hot columns, and inputs already near unit
    scale. Columns with no variance are left out: dividing by zero makes NaN.

Grade
    changes-data: the network sees other numbers, and later inputs need the same
    scaling.

The edit
    Compute mean and deviation on the training part alone; apply them wherever data
    enters the model.

    At run time the first tensor of floating-point numbers that the script gives to a
    model is brought to unit scale on its way in, by the same numbers in training and
    evaluation: feature by feature, images channel by channel. They are those of the
    whole data set where the batch comes from a DataLoader over a TensorDataset, else
    those of the training batches so far, for the first few. Columns of 0 and 1 and
    those that do not vary stay, and so do inputs near unit scale. Undone, the next
    input is the script's own. Before the first training batch nothing is changed, and a
    model that is saved wants scaled input later.

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998, section 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import COUNTED_BATCHES, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="standardize-input",
    grade="changes-data",
    summary="bring every input feature to mean 0 and standard deviation 1",
    edit=Edit(
        before="""\
x_train = torch.tensor(table_train, dtype=torch.float32)
x_test = torch.tensor(table_test, dtype=torch.float32)
""",
        after="""\
mean, std = table_train.mean(axis=0), table_train.std(axis=0) + 1e-8
x_train = torch.tensor((table_train - mean) / std, dtype=torch.float32)
x_test = torch.tensor((table_test - mean) / std, dtype=torch.float32)
""",
    ),
    doses=(COUNTED_BATCHES,),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Scale what enters each model."""
    from gradwise.remedies.patient.entering import standardize

    standardize(patient, int(dose["batches"]))
