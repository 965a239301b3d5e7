"""Bring labels into the range that the loss expects.

What it does
    Maps the labels to what the loss reads: class ids 0 to C - 1 for
    `cross_entropy`, numbers between 0 and 1 for binary cross-entropy, -1 and 1
    for margin losses.

When
    Labels start at 1, use -1 for no, come as 0 and 255 from an image file, or
    were scaled along with the features.

When not
    Values outside are marks for missing labels and are masked out of the loss,
    or `ignore_index` names them.

Grade
    changes-data: the labels become other numbers with the same meaning.

The edit
    One line where the labels are read.

References
    PyTorch documentation, `torch.nn.BCEWithLogitsLoss` and
    `torch.nn.CrossEntropyLoss`, on targets.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="fix-labels",
    grade="changes-data",
    summary="bring labels into the range that the loss expects",
    edit=Edit(
        before="""\
loss = F.binary_cross_entropy_with_logits(model(x), y)
""",
        after="""\
loss = F.binary_cross_entropy_with_logits(model(x), (y > 0).float())
""",
    ),
    unable="what the right class ids are, only those who know the data can say",
)
