"""Keeping the weights of the best evaluation, and leaving out the steps once it is long past."""

from __future__ import annotations

import math
import os
import sys
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

Place = tuple[tuple[str, int], ...]  # files and lines of the script, the innermost first
DEPTH = 3  # lines by which places are told apart: one function may judge several sets
_OURS = (os.path.dirname(torch.__file__), os.path.dirname(os.path.dirname(os.path.dirname(__file__))))  # noqa: PTH120


@dataclass(slots=True)
class Course:
    """Evaluation losses from one place of the script.

    Args:
        values: the losses so far.
        best: the smallest one.
        at: its number, from 0.
        state: weights and buffers then.
    """

    values: list[float] = field(default_factory=list)
    best: float = math.inf
    at: int = -1
    state: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    def add(self, value: float, state: list[tuple[Tensor, Tensor]]) -> None:
        """One more evaluation; its state is kept where it is the best so far."""
        if value < self.best:
            self.best, self.at, self.state = value, len(self.values), state
        self.values.append(value)

    @property
    def past(self) -> int:
        """Evaluations since the best one."""
        return len(self.values) - 1 - self.at


class Stopping:
    """Follows evaluations; see `stop_early`."""

    def __init__(self, patient: Patient, patience: int) -> None:
        self.patient, self.patience = patient, patience
        self.courses: dict[Place, Course] = {}
        self.sums: dict[Place, list[float]] = {}  # of the evaluation that is going on: loss x rows, rows
        self.state: list[tuple[Tensor, Tensor]] = []
        self.roots: list[weakref.ref[nn.Module]] = []
        self.stopped: Course | None = None
        self.line = patient.did("steps were left out after the best evaluation was past", 0)

    def value(self, shown: Any, call: tuple[tuple[Any, ...], dict[str, Any]], _name: str) -> None:
        """A loss that nobody takes a gradient of belongs to an evaluation."""
        if not isinstance(shown, Tensor) or shown.requires_grad or self.stopped is not None:
            return
        args, kwargs = call
        rows = len(args[0] if args else kwargs["input"])
        whole = kwargs.get("reduction") == "sum"
        if not self.sums:
            self.state = self._taken()
        known = self.sums.setdefault(_place(), [0.0, 0.0])
        known[0] += float(shown.double().sum() if whole else shown.double().mean() * rows)
        known[1] += rows

    def finish(self) -> None:
        """Training goes on: the evaluation is over."""
        for place, (total, rows) in self.sums.items():
            known = self.courses.pop(place, None) or Course()
            self.courses[place] = known  # the latest last
            known.add(total / rows if rows else math.nan, self.state)
        self.sums, self.state = {}, []
        course = self.chosen()
        if course is not None and course.state and course.past >= self.patience and self.stopped is None:
            self.stopped = course
            self.patient.did(f"stopped: {_words(course)}, none of the {course.past} after it was better")

    def chosen(self) -> Course | None:
        """Of the place that is evaluated most often; of several the latest in the script."""
        most = max((len(course.values) for course in self.courses.values()), default=0)
        return next((c for c in reversed(self.courses.values()) if len(c.values) == most), None)

    def gradients(self, optimizer: Any) -> None:
        """The script is about to step."""
        if self.stopped is not None:
            self.patient.leave_out(optimizer)
            self.line.times += 1

    def stepped(self, _optimizer: Any) -> None:
        """A forward pass may have changed buffers."""
        if self.stopped is not None:
            _put_back(self.stopped.state)

    def end(self) -> None:
        """The run is over: the best weights are what it leaves."""
        self.finish()
        course = self.stopped or self.chosen()
        if course is None:
            self.patient.could_not("the run has no evaluation that is a loss of torch.nn.functional")
        elif not course.past:
            self.patient.could_not(f"nothing was put back: {_words(course)}")
        elif course.state:
            _put_back(course.state)
            if self.stopped is None:
                self.patient.did(f"put back at the end: {_words(course)}")

    def _taken(self) -> list[tuple[Tensor, Tensor]]:
        """Copies of what optimizers train, and of the models' buffers."""
        weights = [p for each in self.patient.run.optimizers for g in each.param_groups for p in g["params"]]
        roots = [root for ref in self.roots if (root := ref()) is not None]
        buffers = [buffer for root in roots for buffer in root.buffers()]
        return [(tensor, tensor.detach().clone()) for tensor in (*weights, *buffers)]


def stop_early(patient: Patient, patience: int) -> None:
    """Keep the best weights by the evaluation loss, and leave steps out once it was not better for long.

    The script goes on running; its evaluations then see the best weights.

    Args:
        patient: the cure's hold.
        patience: evaluations without a better one.
    """
    stopping = Stopping(patient, patience)
    patient.at("root", lambda root: stopping.roots.append(weakref.ref(root)))
    patient.at("loss-value", stopping.value)
    patient.at("objective", lambda _: stopping.finish())
    patient.at("gradients", stopping.gradients)
    patient.at("after-step", stopping.stepped)
    patient.later(stopping.end)


def _put_back(state: list[tuple[Tensor, Tensor]]) -> None:
    with torch.no_grad():
        for tensor, before in state:
            tensor.copy_(before)


def _words(course: Course) -> str:
    return f"evaluation {course.at + 1} of {len(course.values)} was the best (loss {course.best:.4g})"


def _place() -> Place:
    """Where in the script we are."""
    found: list[tuple[str, int]] = []
    frame: Any = sys._getframe(1)  # noqa: SLF001
    while frame is not None and len(found) < DEPTH:
        file = frame.f_code.co_filename
        if not file.startswith(_OURS) and not file.startswith("<frozen"):
            found.append((file, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)
