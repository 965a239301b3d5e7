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

    At run time the gradient is that of the weighted loss, and the number that the
    script gets stays its own, so that runs with and without can be compared. Classes
    are counted in the training batches so far, or in the whole data set where they come
    from a DataLoader over a TensorDataset. cross_entropy and nll_loss with class
    numbers and binary_cross_entropy_with_logits are reached. Weights of the script's own
    are left, unless they grow with the number of samples: weights that count the frequent
    classes more were turned the wrong way round, and are replaced. Losses written by
    hand are left. Undone, the next loss is followed as it is.

References
    King and Zeng, Logistic regression in rare events data, 2001; PyTorch, ``CrossEntropyLoss``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    doses=(Dose("most", "times the smallest weight that the largest may be", 50.0, 1.1, 1e4, (50.0, 10.0)),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Follow the weighted loss."""
    from gradwise.remedies.patient.weighing import weigh

    weigh(patient, dose["most"])
