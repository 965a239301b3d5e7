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

    At run time the weights of the last layer (in the order in which layers stand in the
    model) or of the layers named are drawn right before the model first runs, from a
    stream of their own, and their biases become 0. Before the first step it is undone
    exactly; later the weights have learnt. Loaded and frozen weights stay.

    Where a script calls several models one after the other, each has a last layer of its
    own, and `where` says which is meant.

References
    Karpathy, A Recipe for Training Neural Networks (2019): verify loss at init,
    init well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    doses=(Dose("deviation", "of the weights drawn", 0.01, 0.0, 1.0, (0.01, 0.001, 0.0)),),
    undo="start",
    places=True,
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Draw the head small before it is used."""
    patient.at("root", lambda root: patient.redraw_head(root, dose["deviation"]))
