"""Let samples that are answered well count less.

What it does
    Multiplies the loss of each sample by a power of what is missing to a sure right
    answer, so that thousands of easy samples of the frequent class do not drown the few
    hard ones.

When
    Most samples of the frequent classes are long since learnt, and a rare one is not.

When not
    Labels are noisy: wrong labels are hard samples for ever and get all the weight.

Grade
    changes-training: the same data with another loss; probabilities are less sure than they should be.

The edit
    The loss. ``gradwise.losses.make("focal")`` has it too.

    At run time the gradient is that of the focal loss, and the number that the script
    gets stays its own, so that runs with and without can be compared. cross_entropy and
    nll_loss with class numbers and binary_cross_entropy_with_logits are reached; losses
    with weights or smoothing, and those written by hand, are left. Undone, the next
    loss is followed as it is.

References
    Lin and others, Focal loss for dense object detection, arXiv 1708.02002.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

CLASSES = ("cross_entropy", "nll_loss")  # losses whose target are class numbers

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="focal-loss",
    grade="changes-training",
    summary="let samples that are answered well count less",
    edit=Edit(
        before="""\
loss = F.cross_entropy(model(x), y)
""",
        after="""\
each = F.cross_entropy(model(x), y, reduction="none")
loss = ((1 - torch.exp(-each)) ** 2 * each).mean()
""",
    ),
    doses=(Dose("power", "of what is missing to a sure right answer", 2.0, 1.0, 5.0, (2.0, 1.0, 3.0)),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Follow the focal loss."""
    import torch

    from gradwise.remedies.patient.learning import learn_from, reduced

    power = dose["power"]

    def learn(name: str, given: Mapping[str, Any], function: Callable[..., Any]) -> Any:
        if any(given.get(word) is not None for word in ("weight", "pos_weight")) or given.get(
            "label_smoothing"
        ):
            patient.could_not(f"{name} has weights or smoothing of the script's, and is left")
            return None
        target = given["target"]
        if name in CLASSES and target.is_floating_point():
            patient.could_not(f"{name} of probabilities is left")
            return None
        each = function(**{**given, "reduction": "none"})
        kept = target != given["ignore_index"] if name in CLASSES else None
        return reduced((1 - torch.exp(-each)) ** power * each, given["reduction"], kept)

    names = (*CLASSES, "binary_cross_entropy_with_logits")
    learn_from(patient, names, learn, f"the focal loss of power {power:g} was followed")
