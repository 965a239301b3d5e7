"""Train on altered copies that keep their label.

What it does
    Applies small random changes to each training sample as it is drawn: shifts,
    flips and crops for images, jitter and scaling for series, noise for tables. The
    network meets more variety than the set holds.

When
    Validation gets worse while training gets better, and changes are known that do
    not change what the sample is.

When not
    Changes that change the label (a flipped b is a d), and validation data: augment
    training samples only.

Grade
    changes-data: training samples are altered at random.

The edit
    Where training batches are made, after loading and before the model.

References
    Shorten and Khoshgoftaar, A survey on Image Data Augmentation for Deep Learning,
    J. Big Data 6, 2019.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="augment",
    grade="changes-data",
    summary="train on altered copies that keep their label",
    edit=Edit(
        before="""\
for x, y in train_loader:
    loss = criterion(model(x), y)
""",
        after="""\
for x, y in train_loader:
    x = x + 0.1 * torch.randn_like(x)
    loss = criterion(model(x), y)
""",
    ),
    unable="which changes keep a label true, only those who know the data can say",
)
