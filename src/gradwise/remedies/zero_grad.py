"""Clear the gradients before each backward pass.

What it does
    Sets every gradient to None (or zero) once per optimizer step, so that the step
    is taken along the gradient of this batch alone. PyTorch adds to `.grad` on
    purpose; nothing clears it by itself.

When
    Gradients of earlier, already applied steps are still in `.grad` when the next
    backward pass adds to them: the update then follows the sum of all gradients
    since the start.

When not
    Several backward passes before one step are gradient accumulation, which is
    meant. There the gradients are cleared once per step, after it, and not between
    the passes.

Grade
    changes-training: the gradient that each step follows becomes another one.

The edit
    Add one line at the top of the training step, for every optimizer that steps
    there.

References
    PyTorch documentation, `torch.optim.Optimizer.zero_grad`.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="zero-grad",
    grade="changes-training",
    summary="clear the gradients before each backward pass",
    edit=Edit(
        before="""\
for x, y in loader:
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
""",
        after="""\
for x, y in loader:
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
""",
    ),
)
