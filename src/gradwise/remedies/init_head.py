"""Start the last layer small, so that the first guess is even.

What it does
    Draws the weights of the last layer small (or sets them to zero) and its
    bias to zero or to the log of the class shares. All classes then start with
    nearly the same score.

When
    The first loss of a classifier is far above ln C, the loss of an even guess
    among C classes: the first part of the run only undoes the start.

When not
    The weights come from a trained model. A large but quickly forgotten first
    loss costs little.

Grade
    changes-training: another start of the same model.

The edit
    Scale the last layer's weights down once, before the optimizer is made.

References
    Karpathy, A Recipe for Training Neural Networks (2019): verify loss at init,
    init well.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="init-head",
    grade="changes-training",
    summary="start the last layer small, so that the first guess is even",
    edit=Edit(
        before="""\
model = Net()
""",
        after="""\
model = Net()
nn.init.normal_(model.head.weight, std=0.01)
nn.init.zeros_(model.head.bias)
""",
    ),
)
