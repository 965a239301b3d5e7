"""Use a loss that a few wrong labels cannot dominate.

What it does
    Limits how hard a single sample can pull: label smoothing or generalised cross-
    entropy for classes, Huber for numbers.

When
    A part of the labels is wrong, and the network is pulled to learn them by heart.

When not
    Labels are right and samples are hard: they need their full weight.

Grade
    changes-training: the same data with another loss.

The edit
    The loss.

References
    Zhang and Sabuncu, Generalized cross entropy loss, arXiv 1805.07836; Huber, 1964.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="robust-loss",
    grade="changes-training",
    summary="use a loss that a few wrong labels cannot dominate",
    edit=Edit(
        before="""\
criterion = nn.CrossEntropyLoss()
""",
        after="""\
def criterion(logits, target, q=0.7):
    p = logits.softmax(1).gather(1, target[:, None])
    return ((1 - p**q) / q).mean()
""",
    ),
)
