"""Call the optimizer's step after each backward.

What it does
    Lets the optimizer apply the gradients, once per training step, while they are
    still there.

When
    backward() runs and no parameter ever changes: `step` stands without its
    parentheses, an optimizer was forgotten, or gradients are cleared between
    backward and step.

When not
    Scripts that only look at gradients (saliency maps, attribution, rate tests
    without updates).

Grade
    changes-training: the weights begin to move.

The edit
    One line after the backward, for every optimizer that holds parameters of this
    loss; `zero_grad` goes before the backward or after the step.

References
    PyTorch documentation, `torch.optim.Optimizer.step`.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="call-step",
    grade="changes-training",
    summary="call optimizer.step() after each backward, before gradients are cleared",
    edit=Edit(
        before="""\
loss.backward()
optimizer.zero_grad()
optimizer.step
""",
        after="""\
optimizer.zero_grad()
loss.backward()
optimizer.step()
""",
    ),
)
