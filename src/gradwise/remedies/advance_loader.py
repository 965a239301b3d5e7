"""Go on to the next batch instead of starting the loader anew.

What it does
    Keeps one iterator over the loader, so that every call gives the next batch.

When
    A loop calls ``next(iter(loader))`` at every step: without shuffling that is the
    first batch for ever, and with it most workers' work is thrown away.

When not
    A single batch is repeated on purpose, to see whether the network can learn at all;
    draw it once, before the loop.

Grade
    changes-training: all samples are seen.

The edit
    The loop.

    At run time, once a DataLoader was begun anew several times in a row for a single
    batch that was trained on, its iterator goes on where it stopped, and begins anew
    when it is through. That is so while gradients are wanted and no model is in
    evaluation mode, and ends where the script goes through the loader itself. Undone,
    the next call begins anew. Loaders without a length are left.

References
    PyTorch documentation, torch.utils.data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="advance-loader",
    grade="changes-training",
    summary="go on to the next batch instead of starting the loader anew",
    edit=Edit(
        before="""\
for step in range(1000):
    x, y = next(iter(loader))
""",
        after="""\
for epoch in range(10):
    for x, y in loader:
        ...
""",
    ),
    doses=(Dose("times", "in a row that a loader is begun anew for one batch", 3, 1, 1000, whole=True),),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Let iterators that are dropped after one batch go on."""
    from torch.utils.data import DataLoader

    going = _Going(patient, int(dose["times"]))

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def begun(loader: Any) -> Any:
            iterator = going.on(loader)
            if iterator is None:
                iterator = original(loader)
                going.began(loader, iterator)
            return iterator

        return begun

    patient.around(DataLoader, "__iter__", make)
    patient.at("mode", going.mode)
    patient.at("backward", going.backward)


class _Going:
    """The latest iterator of each loader, and how often in a row only one batch was drawn."""

    def __init__(self, patient: Patient, times: int) -> None:
        self.patient, self.times = patient, times
        self.loaders: dict[int, _Drawn] = {}
        self.judging = False
        self.line = patient.did("a loader went on to its next batch", 0)

    def mode(self, _module: Any, training: bool) -> None:
        self.judging = not training

    def backward(self) -> None:
        for drawn in self.loaders.values():
            drawn.trained = True

    def on(self, loader: Any) -> Any:
        """The iterator that goes on, or None for a new one."""
        import torch

        drawn = self.loaders.get(id(loader))
        if drawn is None or self.judging or not torch.is_grad_enabled():
            return None
        yielded = drawn.iterator._num_yielded  # noqa: SLF001
        drawn.single = drawn.single + 1 if yielded - drawn.before == 1 and drawn.trained else 0
        drawn.before, drawn.trained = yielded, False
        if drawn.single < self.times or yielded >= drawn.batches:
            return None
        self.line.times += 1
        return drawn.iterator

    def began(self, loader: Any, iterator: Any) -> None:
        """A new iterator was made."""
        import torch

        if self.judging or not torch.is_grad_enabled():
            return
        try:
            batches = len(loader)
        except TypeError:
            return
        known = self.loaders.get(id(loader))
        single = 0 if known is None else known.single
        self.loaders[id(loader)] = _Drawn(loader, iterator, batches, single)


@dataclass(slots=True)
class _Drawn:
    """What was drawn of a loader, which is held, so that no id is used again."""

    loader: Any
    iterator: Any
    batches: int
    single: int
    before: int = 0
    trained: bool = False
