"""Take larger steps.

What it does
    Multiplies the learning rate, by 10 or 30 at first, so that the same number of steps
    leads further.

When
    The loss falls slowly and steadily, and a step moves the weights by far less than a
    thousandth of their size.

When not
    The loss bounces or rises; weights that were loaded and are only to be tuned; a rate
    that is small because unscaled inputs or targets leave no other (scale them first).

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    One argument of the optimizer.

References
    Smith, Cyclical learning rates for training neural networks, arXiv 1506.01186,
    section 3.3 (the rate test); Karpathy, A Recipe for Training Neural Networks, 2019.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="raise-lr",
    grade="changes-training",
    summary="take larger steps",
    edit=Edit(
        before="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6)
""",
        after="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
""",
    ),
)
