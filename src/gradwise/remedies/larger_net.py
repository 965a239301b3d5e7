"""Give the network more units or layers.

What it does
    Adds capacity, so that the function asked for is among those the network can express.

When
    Training has settled, its gradients are fine, and simpler methods get more out of the
    same rows: the training loss itself is too high.

When not
    Training is fine and validation is not: that is overfitting, and a larger net makes it
    worse.

Grade
    changes-model: another model is trained.

The edit
    Widths and number of layers, with a non-linearity after each.

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 5.2.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="larger-net",
    grade="changes-model",
    summary="give the network more units or layers",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(2, 2))
""",
        after="""\
model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 2))
""",
    ),
    unable="sizes of layers depend on one another in the script's own code",
)
