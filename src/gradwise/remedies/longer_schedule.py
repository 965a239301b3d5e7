"""Stretch the learning-rate schedule over the whole run.

What it does
    Lets the rate fall as slowly as the run is long, so that every step still moves the
    weights.

When
    The rate is near zero long before the run ends and the loss had not settled: a decay
    per epoch that is applied per batch, or a horizon left over from a shorter run.

When not
    The loss had flattened before the rate fell.

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    Count the horizon in the unit in which the scheduler is stepped.

References
    Bengio, Practical recommendations for gradient-based training of deep
    architectures, arXiv 1206.5533, section 3.1.1.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="longer-schedule",
    grade="changes-training",
    summary="stretch the learning-rate schedule over the whole run",
    edit=Edit(
        before="""\
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)  # stepped per batch
""",
        after="""\
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * len(loader))
""",
    ),
)
