"""Take fewer or narrower layers.

What it does
    Lowers the number of parameters, so that the network can no longer learn single
    samples by heart.

When
    Validation gets worse while training gets better, the training set is small
    beside the number of parameters, and milder cures did not help.

When not
    Large sets, or pre-trained networks: regularize instead. A wide network with
    decay, dropout and early stopping often beats a narrow one.

Grade
    changes-model: another, smaller model is trained.

The edit
    Halve the widths first; remove layers only after that.

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 5.2 on capacity.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="smaller-net",
    grade="changes-model",
    summary="take fewer or narrower layers",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(30, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 2))
""",
        after="""\
model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 2))
""",
    ),
    unable="sizes of layers depend on one another in the script's own code",
)
