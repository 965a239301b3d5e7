"""Diagnosers that see nothing but the numbers a user logs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from benchmarks.detection.peers.alarms import Alarm, gathered
from benchmarks.detection.peers.watchers import Beat, Watcher


class LossWatcher(Watcher):
    """A diagnoser that needs no model."""

    needs_model = False
    wants_norm = True


class Numbers(LossWatcher):
    """Keeps what a user would log, so that all diagnosers of this kind judge one and the same run."""

    def __init__(self) -> None:
        self.beats: list[Beat] = []

    def after_step(self, beat: Beat) -> None:
        """Keep it."""
        self.beats.append(beat)

    def told_to(self, watcher: Watcher) -> Sequence[Alarm]:
        """Tell a diagnoser all of it, step by step."""
        watcher.attach_without_model()
        for beat in self.beats:
            watcher.after_step(beat)
        return watcher.alarms()


class TrainingDoctor(LossWatcher):
    """``Doctor().log(step, loss=, lr=, grad_norm=, eval_loss=)``."""

    def attach_without_model(self) -> None:
        """Build it as the first lines of its documentation do."""
        self.doctor = import_module("training_doctor").Doctor()

    def after_step(self, beat: Beat) -> None:
        """All numbers that its table of metrics names and that are at hand."""
        numbers = {
            "loss": beat.loss,
            "lr": beat.rate,
            "grad_norm": beat.grad_norm,
            "eval_loss": beat.eval_loss,
        }
        self.doctor.log(step=beat.step, **{name: v for name, v in numbers.items() if v is not None})

    def alarms(self) -> Sequence[Alarm]:
        """Diagnoses in the order made."""
        return gathered(
            (d.problem, d.severity.value, "; ".join([d.explanation, *map(str, d.evidence)]))
            for d in self.doctor.diagnoses
        )


# Beginnings of trainpulse's messages, and what they are called here.
PULSES = {
    "Loss spike": "loss spike",
    "Gradient explosion": "gradient explosion",
    "Vanishing gradient": "vanishing gradient",
    "LR changed": "learning rate jumped",
    "Loss plateau": "loss plateau",
    "loss is": "loss not finite",
    "grad_norm is": "gradient not finite",
    "learning_rate is": "learning rate not finite",
}


class Trainpulse(LossWatcher):
    """``Monitor().log(name, step, value)``; step times are left out, for they would measure the machine."""

    def attach_without_model(self) -> None:
        """Build it with its defaults."""
        self.monitor = import_module("trainpulse").Monitor()

    def after_step(self, beat: Beat) -> None:
        """Loss, norm and rate under the names of its documentation."""
        self.monitor.log("loss", beat.step, beat.loss)
        if beat.grad_norm is not None:
            self.monitor.log("grad_norm", beat.step, beat.grad_norm)
        if beat.rate is not None:
            self.monitor.log("learning_rate", beat.step, beat.rate)

    def alarms(self) -> Sequence[Alarm]:
        """Alerts in the order raised."""
        return gathered((_pulse(a.message), a.severity.value, str(a)) for a in self.monitor.report().alerts)


def _pulse(message: str) -> str:
    return next((kind for start, kind in PULSES.items() if message.startswith(start)), message)
