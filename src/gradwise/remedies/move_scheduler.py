"""Step the schedule in the unit in which it was planned.

What it does
    Calls `scheduler.step()` once per epoch where its settings count epochs, once
    per batch where they count batches, and after `optimizer.step()`.

When
    The rate is gone within the first epoch, or has hardly begun its course when
    training ends.

When not
    Schedules planned in steps (one-cycle, warm-up, most language-model recipes)
    belong into the batch loop.

Grade
    changes-training: the rate follows another course.

The edit
    Move one line by one level of indentation, or give the horizon in the other
    unit.

References
    PyTorch documentation, `torch.optim`: how to adjust the learning rate.
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="move-scheduler",
    grade="changes-training",
    summary="step the scheduler per epoch or per batch, as its horizon counts",
    edit=Edit(
        before="""\
for x, y in loader:
    train_step(x, y)
    scheduler.step()
""",
        after="""\
for x, y in loader:
    train_step(x, y)
scheduler.step()
""",
    ),
)
