"""Leave out columns that never vary.

What it does
    Removes the columns that have one value in all training rows, or repairs what made
    them so.

When
    A column, a channel or the whole input is constant: a wrong slice, a failed read,
    padding in place of tokens.

When not
    A column is rare and not constant: a flag that is set once in a thousand rows may
    matter.

Grade
    changes-data: the model gets fewer columns.

The edit
    Once, from the training part alone, and the same columns everywhere.

References
    Kuhn and Johnson, Applied Predictive Modeling, 2013, section 3.5.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="drop-features",
    grade="changes-data",
    summary="leave out columns that never vary",
    edit=Edit(
        before="""\
model(x)
""",
        after="""\
varies = x_train.std(0) > 0
model(x[:, varies])
""",
    ),
    unable="the first layer would have another shape, and so would everything that is saved",
)
