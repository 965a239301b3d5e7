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

    At run time the gradient is that of the robust loss, and the number that the script
    gets stays its own, so that runs with and without can be compared. cross_entropy
    with class numbers and without weights becomes generalised cross-entropy; mse_loss
    becomes a Huber loss whose bend is at so many times the batch's median error. Losses
    written by hand are left. Undone, the next loss is followed as it is.

References
    Zhang and Sabuncu, Generalized cross entropy loss, arXiv 1805.07836; Huber, 1964.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    doses=(
        Dose("power", "of the probability in generalised cross-entropy", 0.7, 0.01, 1.0, (0.7, 0.3)),
        Dose("bend", "times the batch's median error, from where an error counts linearly", 2.0, 0.1, 100.0),
    ),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Follow a loss that is bounded, or linear, for single samples."""
    import torch

    from gradwise.remedies.patient.learning import learn_from, reduced

    power, bend = dose["power"], dose["bend"]

    def of_classes(given: Mapping[str, Any], function: Callable[..., Any]) -> Any:
        target = given["target"]
        if target.is_floating_point() or given["weight"] is not None or given["label_smoothing"]:
            patient.could_not("cross_entropy with probabilities, weights or smoothing is left")
            return None
        each = function(**{**given, "reduction": "none"})
        bounded = -torch.expm1(-power * each) / power  # (1 - p^q) / q, as each is -log p
        return reduced(bounded, given["reduction"], target != given["ignore_index"])

    def of_numbers(given: Mapping[str, Any]) -> Any:
        error = given["input"] - given["target"]
        limit = (bend * error.detach().abs().median()).clamp(min=1e-12)
        size = error.abs()
        each = torch.where(size <= limit, error**2, limit * (2 * size - limit))
        return reduced(each, given["reduction"])

    def learn(name: str, given: Mapping[str, Any], function: Callable[..., Any]) -> Any:
        if name == "cross_entropy":
            return of_classes(given, function)
        if given.get("weight") is not None:
            return None
        return of_numbers(given)

    words = "a loss that single samples cannot dominate was followed"
    learn_from(patient, ("cross_entropy", "mse_loss"), learn, words)
