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

References
    Lin and others, Focal loss for dense object detection, arXiv 1708.02002.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

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
)
