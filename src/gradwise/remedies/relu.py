"""Use ReLU instead of sigmoid or tanh in hidden layers.

What it does
    Replaces activations whose slope is at most 1/4 (sigmoid) or below 1 nearly
    everywhere (tanh) by one whose slope is 1 wherever it is active, so that the
    gradient is not shrunk by each layer.

When
    The first layers receive a gradient thousands of times smaller than the last, in
    a deep stack of sigmoid or tanh layers.

When not
    Gates of recurrent cells, output layers that must give probabilities, and
    shallow networks that learn well as they are.

Grade
    changes-model: hidden layers compute another function.

The edit
    Replace the activations between layers; start with he-init to go with them.

References
    Glorot, Bordes, Bengio, Deep Sparse Rectifier Neural Networks, AISTATS 2011.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="relu",
    grade="changes-model",
    summary="use ReLU instead of sigmoid or tanh in hidden layers",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(64, 64), nn.Sigmoid(), nn.Linear(64, 10))
""",
        after="""\
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
""",
    ),
)
