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

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998, section 4.3.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
