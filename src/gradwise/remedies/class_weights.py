"""Weigh the classes in the loss, rare ones more.

What it does
    Multiplies the loss of each sample by a weight of its class, so that a class of one
    in fifty pulls as hard as the others together.

When
    A rare class is hardly ever predicted, since always answering the frequent one costs
    little.

When not
    Predicted probabilities are used as such: they are shifted towards the rare class
    and must be corrected. Weights beyond about 50 make gradients noisy; drawing more of
    the class is calmer.

Grade
    changes-training: the same data with another loss.

The edit
    One argument of the loss. For two classes and one logit it is ``pos_weight``.

References
    King and Zeng, Logistic regression in rare events data, 2001; PyTorch, ``CrossEntropyLoss``.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="class-weights",
    grade="changes-training",
    summary="weigh the classes in the loss, rare ones more",
    edit=Edit(
        before="""\
criterion = nn.CrossEntropyLoss()
""",
        after="""\
counts = torch.bincount(y_train)
criterion = nn.CrossEntropyLoss(weight=counts.sum() / (len(counts) * counts))
""",
    ),
)
