"""Put a non-linearity between linear layers.

What it does
    Places a ReLU (or another activation) after each hidden layer. Two linear
    layers in a row are one linear layer with more parameters; only what lies
    between lets a network bend.

When
    Linear layers or convolutions follow each other with nothing but shapes,
    dropout or averages between, in the whole network.

When not
    The linear product is meant: low-rank factors (LoRA, matrix factorisation),
    the narrow layers of linear bottlenecks and autoencoders, a single linear
    layer such as logistic regression.

Grade
    changes-model: the network computes another function.

The edit
    One activation after every layer but the last.

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 6.1 on why a
    linear network cannot learn XOR; NeuraLint, arXiv 2004.05300.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="insert-activation",
    grade="changes-model",
    summary="put a non-linearity between linear layers",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(2, 64), nn.Linear(64, 2))
""",
        after="""\
model = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 2))
""",
    ),
)
