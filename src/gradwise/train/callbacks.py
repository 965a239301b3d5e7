"""What happens beside the loop: stopping, saving."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from gradwise.train.checkpoint import Checkpoints
from gradwise.train.progress import EpochRow
from gradwise.train.training import Training

SAVE_SHARE = 0.05  # of the time, at most, goes into saving by the clock
SAVE_SECONDS = 60.0  # s; work lost at most when a machine dies


class Callback:
    """Told by `fit` what happened; may set ``training.stop`` to end it after the step or epoch."""

    def on_start(self, training: Training, /) -> None:
        """Before the first batch."""

    def on_step_end(self, training: Training, /) -> None:
        """After every step; must not wait for the device."""

    def on_epoch_end(self, training: Training, row: EpochRow, /) -> None:
        """After an epoch was evaluated, judged and written into the history."""

    def on_end(self, training: Training, /) -> None:
        """At the end, also after an error; the last callback is told first."""


class EarlyStopping(Callback):
    """Stop when ``training.monitor`` has not improved for ``patience`` epochs; end with the best weights.

    A training whose loss is not a number stops at once: its weights never recover.

    Args:
        patience: epochs without improvement; 0: never stops early, only restores.
        restore: put the best epoch's weights in place at the end.
    """

    def __init__(self, patience: int, *, restore: bool = True) -> None:
        self.patience = patience
        self.restore = restore

    def on_start(self, training: Training) -> None:
        """Stop at once a training that has waited long enough before it was resumed."""
        training.end_with_best = training.end_with_best or self.restore
        if training.progress.history:
            self.on_epoch_end(training, training.progress.history[-1])

    def on_epoch_end(self, training: Training, row: EpochRow) -> None:
        """Judge."""
        progress = training.progress
        if math.isnan(row.value("loss")):
            training.stop = "the loss is not a number"
        elif 0 < self.patience <= progress.waited:
            epochs = "epoch" if self.patience == 1 else "epochs"
            training.stop = f"no better {training.monitor} for {self.patience} {epochs}"


class MaxTime(Callback):
    """Stop after the step at which so many seconds have passed since the start of this process's part."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = math.inf

    def on_start(self, _training: Training) -> None:
        """Start the clock."""
        self._end = time.monotonic() + self.seconds

    def on_step_end(self, training: Training) -> None:
        """Look at the clock."""
        if time.monotonic() >= self._end:
            training.stop = f"{self.seconds:g} s have passed"


class SaveCheckpoint(Callback):
    """Save by the clock, after epochs and at the end, always with the best epoch's weights.

    Saving that takes long is done less often: it may take 5 % of the time.  Where the disk is full the
    last good checkpoint stays, training goes on, and ``training.notes`` says so once.

    Args:
        directory: of the checkpoints.
        seconds: between saves, after whichever step; at most this much work is lost.
        every_epoch: save after each epoch too, however short.
    """

    def __init__(self, directory: Path, *, seconds: float = SAVE_SECONDS, every_epoch: bool = False) -> None:
        self.checkpoints = Checkpoints(directory)
        self.seconds = seconds
        self.every_epoch = every_epoch
        self._next = math.inf
        self._failed = False
        self._saved = -1, -1  # step and epoch

    def on_start(self, training: Training) -> None:
        """Start the clock."""
        training.keep_best = True
        self._next = time.monotonic() + self.seconds

    def on_step_end(self, training: Training) -> None:
        """Save when it is time."""
        if time.monotonic() >= self._next:
            self.save(training)

    def on_epoch_end(self, training: Training, _row: EpochRow) -> None:
        """Save if told to, or when it is time."""
        if self.every_epoch:
            self.save(training)
        else:
            self.on_step_end(training)

    def on_end(self, training: Training) -> None:
        """Save, unless an error struck in the middle of a step."""
        if training.between_steps:
            self.save(training)

    def save(self, training: Training) -> None:
        """Save now, unless nothing happened since."""
        progress = training.progress
        if self._saved == (progress.step, progress.epoch):
            return
        started = time.monotonic()
        try:
            self.checkpoints.save(training)
        except OSError as error:
            if not self._failed:
                training.notes.append(
                    f"no checkpoint could be written after step {progress.step} ({error.strerror or error}); "
                    "the last good one stays, training goes on."
                )
            self._failed = True
        else:
            self._failed, self._saved = False, (progress.step, progress.epoch)
        ended = time.monotonic()
        self._next = ended + max(self.seconds, (ended - started) / SAVE_SHARE)


class StopOnInterrupt(Callback):
    """Ctrl-C (and a polite kill) ends training after the step under way; the second one at once.

    In a thread that is not the main one, signals are left alone.
    """

    def __init__(self, signals: Sequence[signal.Signals] = (signal.SIGINT, signal.SIGTERM)) -> None:
        self.signals = signals
        self._before: dict[signal.Signals, Any] = {}

    def on_start(self, training: Training) -> None:
        """Listen."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.on_end(training)  # from here on, signals do what they did before
            training.stop = "interrupted"

        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, stop) for number in self.signals}

    def on_end(self, _training: Training) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
