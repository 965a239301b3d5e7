"""Losses and accuracies of evaluation phases, told apart by the place in the user's code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gradwise.watch.losses import argument

TORCH_FRAMES = os.path.dirname(torch.__file__)
OWN_FRAMES = os.path.dirname(os.path.dirname(__file__))
RUNNER = os.path.join(OWN_FRAMES, "watch", "script.py")  # below it lies what called the script
FIT_FRAMES = os.path.join(OWN_FRAMES, "fitting")  # a fit's evaluation has no place in the user's code
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")
CALLERS = 3  # how many of the user's frames tell two evaluations apart
BUSY_PHASES = 50  # phases in as many steps: a loss computed beside training, not an evaluation


@dataclass(slots=True)
class Tally:
    """Sums of one place over one phase."""

    loss: float = 0.0
    samples: int = 0
    right: float = 0.0
    judged: int = 0
    waiting: list[tuple[Tensor, int]] = field(default_factory=list)  # on another device, not yet read
    counted: list[Tensor] = field(default_factory=list)  # right answers, on another device too


Frames = tuple[tuple[int, int], ...]  # (code id, line), innermost first
Key = tuple[str, Frames]


@dataclass(frozen=True, slots=True)
class Entry:
    """One loss of an evaluation: what it comes to, over how many samples, how many of them were right."""

    key: Key
    value: float | Tensor  # a tensor is on another device, not yet read
    samples: int
    right: float | Tensor = 0.0
    judged: int = 0


class EvaluationReader:
    """Collects the losses of an evaluation phase and hands out their means at its end."""

    def __init__(self) -> None:
        self.open: dict[Key, Tally] = {}
        self.heard = 0  # losses, all phases together
        self._labels: dict[Key, str] = {}
        self._phases: dict[Key, int] = {}
        self._first_step: dict[Key, int] = {}

    def add(
        self, function: str, out: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any], frames: Frames
    ) -> None:
        """One loss call of an evaluation phase."""
        if self._phases.get((function, frames), 0) < 0:
            self.heard += 1
        else:
            self.put(self.score(function, out, args, kwargs, frames))

    def put(self, entry: Entry) -> None:
        """Add one loss to the phase."""
        self.heard += 1
        if self._phases.get(entry.key, 0) < 0:
            return
        tally = self.open.setdefault(entry.key, Tally())
        if isinstance(entry.value, Tensor):
            tally.waiting.append((entry.value, entry.samples))
            return
        tally.loss += entry.value * entry.samples
        tally.samples += entry.samples
        tally.judged += entry.judged
        if isinstance(entry.right, Tensor):
            tally.counted.append(entry.right)
        else:
            tally.right += entry.right

    def score(
        self, function: str, out: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any], frames: Frames
    ) -> Entry:
        """What one loss call comes to; read at once on the CPU, later on another device."""
        prediction, target = argument(args, kwargs, 0, "input"), argument(args, kwargs, 1, "target")
        samples = len(prediction) if isinstance(prediction, Tensor) and prediction.dim() else 1
        value = out.detach()
        if value.dim():
            value = value.float().mean()
        elif kwargs.get("reduction") == "sum":
            value = value / max(samples, 1)
        if not value.is_cpu:
            return Entry((function, frames), value, samples)
        return Entry((function, frames), value.item(), samples, *_accuracy(prediction, target))

    def close(self, step: int, emit: Callable[[int, str, str, float], None]) -> None:
        """End the phase: emit(step, signal, place, value) for every place."""
        for key, tally in self.open.items():
            if tally.waiting:
                values = torch.stack([v.float() for v, _ in tally.waiting]).cpu().tolist()
                for value, (_, samples) in zip(values, tally.waiting, strict=True):
                    tally.loss += value * samples
                    tally.samples += samples
            if tally.counted:
                tally.right += float(torch.stack([count.float() for count in tally.counted]).sum().item())
            phases = self._phases[key] = self._phases.get(key, 0) + 1
            first = self._first_step.setdefault(key, step)
            if phases >= BUSY_PHASES and step - first < 1.5 * phases:
                self._phases[key] = -1
                continue
            label = self._labels.setdefault(key, _label(key))
            if tally.samples:
                emit(step, "val_loss", label, tally.loss / tally.samples)
            if tally.judged:
                emit(step, "val_accuracy", label, tally.right / tally.judged)
        self.open.clear()


def _accuracy(prediction: Any, target: Any) -> tuple[float, int]:
    """How many of a classifier's answers are right, of how many; of none where it is no classifier."""
    if not isinstance(prediction, Tensor) or not isinstance(target, Tensor):
        return 0.0, 0
    if prediction.dim() == 2 and target.dim() == 1 and not target.is_floating_point():
        return float((prediction.detach().argmax(dim=1) == target).sum().item()), len(target)
    return 0.0, 0


def user_frames() -> Frames:
    """(code id, line) of the innermost frames that belong to the user; none within `gradwise fit`.

    Where a framework calls the model, its lines are the same for every evaluation: the user's
    lines that called the framework count, and the framework's only where there are no others.
    """
    frame: Any = sys._getframe(2)
    found: list[tuple[int, int]] = []
    installed: list[tuple[int, int]] = []
    while frame is not None and len(found) < CALLERS:
        file = frame.f_code.co_filename
        if file.startswith(OWN_FRAMES):
            if found or file == RUNNER or file.startswith(FIT_FRAMES):
                break  # the runner that called the script; or what called a fit, which is no place in it
        elif not file.startswith(TORCH_FRAMES):
            frames = installed if _INSTALLED.search(file) else found
            frames.append((id(frame.f_code), frame.f_lineno))
        frame = frame.f_back
    return tuple(found or installed[:CALLERS])


def _label(key: Key) -> str:
    lines = ", ".join(str(line) for _, line in key[1][:2])
    return f"{key[0]} (line {lines})" if lines else key[0]
