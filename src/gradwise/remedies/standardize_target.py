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

References
    LeCun, Bottou, Orr, Müller, Efficient BackProp, 1998, section 4.4.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
