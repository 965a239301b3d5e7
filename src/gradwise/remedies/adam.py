"""Let Adam choose the length of each weight's step.

What it does
    Divides each weight's step by the recent size of its gradient, so that the rate alone
    says how far a step goes, whatever the scale of the loss.

When
    Gradients of the layers differ by orders of magnitude, or plain SGD creeps and no
    single rate suits all weights.

When not
    A tuned SGD with momentum, which generalises as well or better on images.

Grade
    changes-training: the same minimum is sought with other steps.

The edit
    The optimizer's class, and a rate near 1e-3.

References
    Kingma and Ba, Adam: a method for stochastic optimization, arXiv 1412.6980.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="adam",
    grade="changes-training",
    summary="let Adam choose the length of each weight's step",
    edit=Edit(
        before="""\
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
""",
        after="""\
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
""",
    ),
)
