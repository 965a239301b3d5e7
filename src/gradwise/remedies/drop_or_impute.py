"""Remove samples with missing values, or fill the gaps.

What it does
    Takes NaN and infinite values out of the inputs before they reach the network:
    drops the rows that hold them, or puts the training set's median of the column
    in their place.

When
    A batch holds values that are not finite. One of them makes the loss NaN, and
    the next step makes every weight NaN.

When not
    The gap itself says something: add a column that marks it before filling it.

Grade
    changes-data: samples are left out or get made-up values.

The edit
    Once, right after the data is read; take the median from the training part
    alone.

References
    Little and Rubin, Statistical Analysis with Missing Data, 3rd edition, 2019.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="drop-or-impute",
    grade="changes-data",
    summary="remove samples with missing values, or fill the gaps",
    edit=Edit(
        before="""\
x_train = torch.tensor(table_train, dtype=torch.float32)
""",
        after="""\
middle = np.nanmedian(table_train, axis=0)
x_train = torch.tensor(np.where(np.isfinite(table_train), table_train, middle), dtype=torch.float32)
""",
    ),
)
