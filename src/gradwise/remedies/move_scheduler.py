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

    At run time a schedule that steps with every optimizer step is let through at the
    last batch of each DataLoader's epoch only; one that steps once in several optimizer
    steps is stepped after each of them instead, and what it missed until its first call
    is made up for there. So it is given where the diagnosis says that the unit is
    wrong, since it always changes it. Per batch without a DataLoader, where an epoch
    ends is not known, and ReduceLROnPlateau wants a number of the script's: both are
    left. Undone, the script's calls count again; where the schedule stands by then
    stays.

References
    PyTorch documentation, `torch.optim`: how to adjust the learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

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
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Let schedules step in the other unit."""
    del dose
    moved = _Moved(patient)
    patient.at("batch", moved.batch)
    patient.at("after-step", moved.stepped)
    patient.at("schedule", moved.schedule)


class _Moved:
    """Knows how often each scheduler is called, and where in an epoch the script is."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.steps: dict[int, int] = {}  # of an optimizer since its scheduler was called
        self.per_batch: dict[int, bool] = {}  # by scheduler: what the script does
        self.moved: list[Any] = []  # schedulers that we step after each step; held, so that ids stay
        self.given, self.total = 0, 0  # batches of the latest epoch
        self.own = False

    def batch(self, _batch: Any, iterator: Any) -> None:
        try:
            self.total = len(iterator)
        except TypeError:  # a stream
            self.total = 0
        self.given = iterator._num_yielded  # noqa: SLF001

    def stepped(self, optimizer: Any) -> None:
        self.steps[id(optimizer)] = self.steps.get(id(optimizer), 0) + 1
        for scheduler in self.moved:
            if scheduler.optimizer is optimizer:
                self._step(scheduler, 1)

    def schedule(self, scheduler: Any) -> bool:
        if self.own:
            return True
        name = type(scheduler).__name__
        steps = self.steps.pop(id(scheduler.optimizer), 0)
        if name == "ReduceLROnPlateau":
            self.patient.could_not(f"{name} wants a number of the script's at each step")
            return True
        if id(scheduler) not in self.per_batch and steps:
            self.per_batch[id(scheduler)] = steps == 1
            if steps > 1:
                self._step(scheduler, steps - 1)
                self.moved.append(scheduler)
                return True
        if any(scheduler is each for each in self.moved):
            return False
        return self._at_the_end(name)

    def _at_the_end(self, name: str) -> bool:
        if self.total < 2:
            self.patient.could_not("the script goes through no DataLoader of several batches")
            return True
        if self.given < self.total:
            self.patient.did(f"{name} steps once per epoch; left out")
            return False
        return True

    def _step(self, scheduler: Any, times: int) -> None:
        self.own = True
        try:
            for _ in range(times):
                scheduler.step()
        finally:
            self.own = False
        self.patient.did(f"{type(scheduler).__name__} steps after each batch", times)
