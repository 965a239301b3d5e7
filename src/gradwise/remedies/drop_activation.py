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

References
    PyTorch documentation, `torch.nn.CrossEntropyLoss`: the input is expected to
    hold unnormalized logits.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
