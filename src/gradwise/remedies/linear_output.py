"""Let the output layer reach every target.

What it does
    Removes the activation that bounds the output, so that the network can put out
    any number the targets hold.

When
    Targets lie outside what the last activation can give: above 1 behind a sigmoid,
    beyond -1 and 1 behind a tanh, below 0 behind a ReLU. Those targets cannot be
    reached whatever the weights are.

When not
    The bound is part of the task, such as a probability or a pixel in 0..1. Then
    scale the targets into the range instead.

Grade
    changes-model: the range of the output becomes unbounded.

The edit
    Delete the activation after the last layer.

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 6.2.2 on output
    units.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="linear-output",
    grade="changes-model",
    summary="let the output layer reach every target",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
""",
        after="""\
model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 1))
""",
    ),
)
