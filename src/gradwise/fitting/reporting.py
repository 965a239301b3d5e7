"""Tells a listener how the training goes, and lets the doctor look now and then."""

from __future__ import annotations

import time

from gradwise.fitting.doctor import Doctor
from gradwise.fitting.listener import EpochNews, Listener, Moment
from gradwise.train.callbacks import Callback
from gradwise.train.training import EpochRow, Training

SHOW_SECONDS = 0.2  # between two moves of the bar
READ_SECONDS = 2.0  # between two reads of the loss from an accelerator: each waits for the step under way
LOOK_SECONDS = 5.0  # between two looks of the doctor, at least
LOOK_SHARE = 0.005  # of the time that looks may take


class Reporting(Callback):
    """Passes on what happens.

    Args:
        listener: who is told.
        epochs: planned, at most.
        batches: of an epoch.
        doctor: looks at the run while it goes on; None: nobody does.
    """

    def __init__(self, listener: Listener, epochs: int, batches: int, doctor: Doctor | None) -> None:
        self.listener, self.epochs, self.batches, self.doctor = listener, epochs, batches, doctor
        self._next_show = 0.0
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._next_read, self._loss = 0.0, float("nan")
        self._noted = 0
        self._lost = False

    def on_step_end(self, training: Training) -> None:
        """Move the bar, at most five times a second."""
        now = time.monotonic()
        if now >= self._next_show:
            self._next_show = now + SHOW_SECONDS
            if training.device.type == "cpu" or now >= self._next_read:
                self._loss, self._next_read = training.epoch_loss(), now + READ_SECONDS
            progress = training.progress
            self.listener.moved(
                Moment(
                    epoch=progress.epoch,
                    epochs=self.epochs,
                    batch=progress.position,
                    batches=self.batches,
                    loss=self._loss,
                    rate=training.rate,
                    examples_per_second=progress.rows / max(progress.seconds, 1e-9),
                )
            )

    def on_epoch_end(self, training: Training, row: EpochRow) -> None:
        """Tell the epoch's numbers, notes, and findings when it is time to look."""
        self.listener.finished_epoch(
            EpochNews(
                epoch=row.epoch,
                train_loss=row.train_loss,
                valid_loss=row.valid_loss if row.valid_loss is not None else float("nan"),
                metrics=row.metrics,
                rate=row.rate,
                examples_per_second=row.examples_per_second,
                best=training.progress.best_epoch == row.epoch,
            )
        )
        self._tell_notes(training)
        begin = time.monotonic()
        if self.doctor is not None and begin >= self._next_look:
            diagnosis = self.doctor.look()
            if diagnosis is not None:
                self.listener.found([finding.rule for finding in diagnosis.findings])
            now = time.monotonic()
            self._next_look = now + max(LOOK_SECONDS, (now - begin) / LOOK_SHARE)

    def on_end(self, training: Training) -> None:
        """Tell what the last save had to say."""
        self._tell_notes(training)

    def _tell_notes(self, training: Training) -> None:
        """Everything that is new and worth a line, once."""
        for note in training.notes[self._noted :]:
            self.listener.said(note)
        self._noted = len(training.notes)
        if self.doctor is not None and self.doctor.lost and not self._lost:
            self._lost = True
            self.listener.said(f"the doctor sees no more: {self.doctor.lost}")
