"""Remove the activation that the loss applies itself.

What it does
    Lets the network put out raw scores. `CrossEntropyLoss` applies log-softmax and
    `BCEWithLogitsLoss` a sigmoid inside, in a form that stays exact for large
    scores.

When
    The last layer is a softmax, log-softmax or sigmoid and the loss that follows
    applies it a second time. Squashed twice, the scores can hardly differ, the loss
    cannot fall far and the gradient is faint.

When not
    The loss takes probabilities: `NLLLoss` wants log-softmax before it, `BCELoss` a
    sigmoid. Where probabilities are needed after training, apply the activation
    there.

Grade
    changes-model: what the network puts out becomes scores instead of
    probabilities.

The edit
    Delete the last activation; apply it to the scores wherever the program shows
    probabilities.

    At run time the loss is given what the activation was given: cross-entropy what went
    into a softmax or log-softmax, binary cross-entropy with logits what went into a
    sigmoid or log-sigmoid, in training and in evaluations, whether a module or a
    function computed it. The model itself goes on to put out probabilities, so that
    what the script prints of them stays right, and its weights learn as with the edit.
    Undone, the loss is given probabilities again. Not reached: losses written out by
    hand, outputs that were copied (cast, picked by index, joined) on their way to the
    loss, compiled models.

References
    PyTorch documentation, `torch.nn.CrossEntropyLoss`: the input is expected to
    hold unnormalized logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="drop-activation",
    grade="changes-model",
    summary="remove the activation that the loss applies itself",
    edit=Edit(
        before="""\
model = nn.Sequential(nn.Linear(64, 10), nn.Softmax(dim=1))
criterion = nn.CrossEntropyLoss()
""",
        after="""\
model = nn.Sequential(nn.Linear(64, 10))
criterion = nn.CrossEntropyLoss()
""",
    ),
    undo="exact",
)


TWICE = {
    "cross_entropy": ("softmax", "log_softmax"),
    "binary_cross_entropy_with_logits": ("sigmoid", "logsigmoid"),
}


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Give a loss that has an activation built in what that activation was given."""
    del dose
    recall = patient.recall([name for names in TWICE.values() for name in names])

    def once(call: Any, loss: str) -> Any:
        args, kwargs = call
        made = recall.find(args[0] if args else kwargs.get("input")) if loss in TWICE else None
        if made is None or made.name not in TWICE[loss]:
            return None
        patient.did(f"{loss} was given what went into {made.name}")
        return ((made.raw, *args[1:]), kwargs) if args else (args, {**kwargs, "input": made.raw})

    patient.at("loss", once)
