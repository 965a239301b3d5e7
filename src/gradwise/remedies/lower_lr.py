"""Take smaller steps.

What it does
    Divides the learning rate, by 10 at first and by 3 when the right scale is near,
    so that the straight line each step follows still fits the loss where the step
    ends.

When
    The loss rises, bounces or turns into NaN, or each step moves the weights by
    more than a few percent of their own size. About one thousandth per step is
    usual for a healthy run.

When not
    The loss falls slowly and steadily: the rate may already be too low. Check first
    that the trouble is not unscaled input or a missing zero_grad, which no rate
    cures.

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    One argument of the optimizer.

References
    Bengio, arXiv 1206.5533, section 3.1; Goodfellow, Bengio, Courville, Deep
    Learning, 2016, section 11.4: the learning rate is the hyper-parameter to tune
    first.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="lower-lr",
    grade="changes-training",
    summary="take smaller steps",
    edit=Edit(
        before="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
""",
        after="""\
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
""",
    ),
)
