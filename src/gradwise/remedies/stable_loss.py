"""Compute the loss in a form that cannot overflow or take the log of zero.

What it does
    Replaces hand-made formulas by the fused functions, which work with scores
    directly: log-softmax with cross-entropy, sigmoid with binary cross-entropy.
    Elsewhere it keeps a small positive number inside logarithms, square roots and
    divisions.

When
    The first non-finite value came from log, exp, sqrt, pow or a division: the log
    of a probability that reached 0, the exp of a large score, the gradient of sqrt
    at 0.

When not
    The weights themselves ran away before: the loss is then only where it showed.
    Lower the rate or clip the gradient.

Grade
    safe: the same function, computed without overflow.

The edit
    Feed scores to the loss that takes scores; add a small constant only where no
    such loss exists. Which fused function stands for a formula the script's own code says,
    so a running script is given ``guard-edges`` in its place.

References
    PyTorch documentation, `torch.nn.BCEWithLogitsLoss`; Goodfellow, Bengio,
    Courville, Deep Learning, 2016, section 4.1 on overflow and underflow.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="stable-loss",
    grade="safe",
    summary="compute the loss in a form that cannot overflow or take the log of zero",
    edit=Edit(
        before="""\
probability = torch.sigmoid(model(x))
loss = -(y * torch.log(probability) + (1 - y) * torch.log(1 - probability)).mean()
""",
        after="""\
loss = nn.functional.binary_cross_entropy_with_logits(model(x), y)
""",
    ),
    unable="it stands for guard-edges, which can be given",
    stands_for=("guard-edges",),
)
