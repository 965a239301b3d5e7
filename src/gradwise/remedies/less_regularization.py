"""Hold the network back less.

What it does
    Lowers dropout, weight decay and augmentation, which all keep the network from fitting
    its training data.

When
    The training loss itself stalls high while simpler methods do better.

When not
    Training fits and validation does not.

Grade
    changes-training: the same model on the same data, held back less.

The edit
    Arguments of the optimizer and of the dropout layers.

References
    Goodfellow, Bengio, Courville, Deep Learning, 2016, section 11.3.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="less-regularization",
    grade="changes-training",
    summary="hold the network back less",
    edit=Edit(
        before="""\
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1.0)
""",
        after="""\
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
""",
    ),
    unable="it stands for lower-weight-decay and lower-dropout, which can be given",
    stands_for=("lower-weight-decay", "lower-dropout"),
)
