"""Choose the loss that fits outputs and targets.

What it does
    Puts together what belongs together: raw scores of exclusive classes and
    class ids with `cross_entropy`, log-probabilities and class ids with
    `nll_loss`, raw scores of yes/no questions with
    `binary_cross_entropy_with_logits`, numbers on a scale with a distance such
    as `mse_loss`.

When
    A loss for probabilities is fed raw scores, class ids are treated as numbers
    on a scale, several labels at once are forced into one distribution, or a
    single unit is given a softmax.

When not
    The mismatch is meant: ratings and counts are whole numbers and yet numbers,
    one-hot targets with a squared error are an old habit that works.

Grade
    changes-training: another function of the same outputs is minimised.

The edit
    Replace the loss, and give the last layer as many units as the new loss
    wants: C for C exclusive classes, one for each yes/no question.

References
    PyTorch documentation, `torch.nn` loss functions; Goodfellow, Bengio,
    Courville, Deep Learning, 2016, section 6.2.2 on output units.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="match-loss",
    grade="changes-training",
    summary="choose the loss that fits what the network puts out and what it is asked for",
    edit=Edit(
        before="""\
loss = F.nll_loss(model(x), y)
""",
        after="""\
loss = F.cross_entropy(model(x), y)
""",
    ),
)
