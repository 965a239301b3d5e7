"""Find the samples whose labels look wrong, and mend or drop them.

What it does
    Ranks the samples by the loss of a network that has not seen them, shows the worst,
    and leaves out or relabels those that are wrong.

When
    A fixed part of the samples stays surely wrong while the rest fits; or inputs and
    labels no longer belong together, because they were shuffled or sorted apart.

When not
    The samples are rare or hard and rightly labelled: look before you drop.

Grade
    changes-data: samples are left out or get other labels.

The edit
    Out-of-fold losses, sorted; and one permutation for inputs and labels together.

References
    Northcutt, Jiang, Chuang, Confident learning, JAIR 2021, arXiv 1911.00068.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="clean-labels",
    grade="changes-data",
    summary="find samples whose labels look wrong, and mend or drop them",
    edit=Edit(
        before="""\
x, y = x[torch.randperm(n)], y[torch.randperm(n)]
""",
        after="""\
order = torch.randperm(n)
x, y = x[order], y[order]
worst = F.cross_entropy(model(x_held_out), y_held_out, reduction="none").argsort(descending=True)[:50]
""",
    ),
    unable="which labels are wrong, somebody has to look up",
)
