"""Stopping early, in time and on Ctrl-C; saving by the clock and on a full disk."""

from __future__ import annotations

import errno
import json
import math
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from torch import nn

from gradwise.errors import UsageError
from gradwise.train import callbacks as callbacks_module
from gradwise.train import checkpoint, files
from gradwise.train.averaging import averaged
from gradwise.train.callbacks import Callback, EarlyStopping, MaxTime, SaveCheckpoint, StopOnInterrupt
from gradwise.train.checkpoint import Checkpoints
from gradwise.train.loop import evaluate, fit
from tests.train.small import same, train_batches, training, valid_batches, weights

ROOT = Path(__file__).parents[2]


class Spoil(Callback):
    """From an epoch on, every epoch ends with worse weights."""

    def __init__(self, after):
        self.after = after
        self.kept = {}

    def on_epoch_end(self, training, row, /):
        if row.epoch <= self.after:
            self.kept[row.epoch] = weights(training.judged)
        if row.epoch >= self.after:
            with torch.no_grad():
                for weight in training.parameters:
                    weight.mul_(-20)


def test_early_stopping_ends_with_the_best_weights():
    made, spoil = training(), Spoil(3)
    fit(made, train_batches(), valid_batches(), epochs=50, callbacks=[spoil, EarlyStopping(2)])
    assert made.stop == "no better loss for 2 epochs"
    assert [row.epoch for row in made.progress.history] == [1, 2, 3, 4, 5]
    assert (made.progress.best_epoch, made.progress.waited) == (3, 2)
    assert same(weights(made.model), spoil.kept[3])
    scores = evaluate(made.model, valid_batches(), made.criterion)
    assert scores["loss"] == made.progress.best_value


def test_early_stopping_restores_the_average_and_may_leave_the_last_weights():
    made = training()
    made.ema = averaged(made.model, 0.5)
    spoil = Spoil(2)
    fit(made, train_batches(), valid_batches(), epochs=50, callbacks=[spoil, EarlyStopping(1)])
    assert same(weights(made.judged), spoil.kept[2])
    made, spoil = training(), Spoil(2)
    stopping = EarlyStopping(1, restore=False)
    fit(made, train_batches(), valid_batches(), epochs=50, callbacks=[spoil, stopping])
    assert not same(weights(made.model), spoil.kept[2])


def test_early_stopping_by_a_metric_that_is_better_when_larger():
    made = training(monitor="accuracy")
    fit(made, train_batches(), valid_batches(), epochs=50, callbacks=[Spoil(3), EarlyStopping(2)])
    accuracies = [row.metrics["accuracy"] for row in made.progress.history]
    assert made.progress.best_value == max(accuracies)
    assert made.stop == "no better accuracy for 2 epochs"


def test_without_validation_the_training_loss_judges():
    made = training(optimizer=lambda w: torch.optim.SGD(w, 0.0))
    fit(made, train_batches(), epochs=50, callbacks=[EarlyStopping(3)])
    assert made.stop == "no better loss for 3 epochs"


def test_a_patience_of_none_never_stops():
    made = training(optimizer=lambda w: torch.optim.SGD(w, 0.0))
    fit(made, train_batches(64), epochs=6, callbacks=[EarlyStopping(0)])
    assert made.stop == "" and made.progress.epoch == 6


def test_a_loss_that_is_not_a_number_stops_at_once():
    made = training(optimizer=lambda w: torch.optim.SGD(w, math.inf))
    fit(made, train_batches(), valid_batches(), epochs=50, callbacks=[EarlyStopping(9)])
    assert (made.stop, made.progress.epoch) == ("the loss is not a number", 1)
    assert made.progress.best_epoch == 0


def test_a_training_that_waited_long_enough_does_not_start_again():
    made = training(optimizer=lambda w: torch.optim.SGD(w, 0.0))
    fit(made, train_batches(), epochs=50, callbacks=[EarlyStopping(2)])
    ended = made.progress.step
    assert ended < 500
    fit(made, train_batches(), epochs=50, callbacks=[EarlyStopping(2)])
    assert made.stop == "no better loss for 2 epochs"
    assert made.progress.step == ended


def test_max_time_stops_after_a_step(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(callbacks_module.time, "monotonic", lambda: float(next(clock)))
    made = training()
    fit(made, train_batches(), epochs=50, callbacks=[MaxTime(13)])
    assert (made.progress.step, made.stop) == (13, "13 s have passed")


class Clock:
    """Time that passes 1 s per step, and as long as told while saving."""

    def __init__(self, monkeypatch, save_seconds=0.0):
        self.now, self.saves = 0.0, []
        monkeypatch.setattr(callbacks_module.time, "monotonic", lambda: self.now)

        def save(_, training):
            self.saves.append(training.progress.step)
            self.now += save_seconds

        monkeypatch.setattr(Checkpoints, "save", save)

    def on_start(self, _training, /): ...
    def on_epoch_end(self, _training, _row, /): ...
    def on_end(self, _training, /): ...
    def on_step_end(self, _training, /):
        self.now += 1


@pytest.mark.parametrize(
    ("options", "save_seconds", "saves"),
    [
        ({"seconds": 7}, 0, [7, 14, 20]),
        ({"seconds": 1000}, 0, [20]),
        ({"seconds": 1000, "every_epoch": True}, 0, [10, 20]),
        ({"seconds": 1}, 0.5, [1, 11, 20]),  # 0.5 s of saving are paid for by 10 s of training
    ],
)
def test_saves_by_the_clock_after_epochs_and_at_the_end(monkeypatch, tmp_path, options, save_seconds, saves):
    clock = Clock(monkeypatch, save_seconds)
    fit(training(), train_batches(), epochs=2, callbacks=[clock, SaveCheckpoint(tmp_path, **options)])
    assert clock.saves == saves


class FailsAt(nn.CrossEntropyLoss):
    calls = 0

    def forward(self, outputs, target):
        self.calls += 1
        if self.calls == 14:
            raise RuntimeError("gone")
        return super().forward(outputs, target)


def test_an_error_within_a_step_is_not_saved(tmp_path):
    made = training()
    made.criterion = FailsAt()
    saving = SaveCheckpoint(tmp_path, every_epoch=True)
    with pytest.raises(RuntimeError, match="gone"):
        fit(made, train_batches(), epochs=2, callbacks=[saving])
    resumed = training()
    assert saving.checkpoints.load(resumed) == []
    assert (resumed.progress.epoch, resumed.progress.step) == (1, 10)


class Fails(Callback):
    def on_end(self, _training, /):
        raise UsageError("no")


def test_an_error_at_the_end_leaves_no_signal_handler_behind():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(UsageError, match="no"):
        fit(training(), train_batches(), epochs=1, callbacks=[StopOnInterrupt(), Fails()])
    assert signal.getsignal(signal.SIGINT) is before


def test_a_full_disk_is_told_once_and_training_goes_on(monkeypatch, tmp_path):
    real, room = files.publish, 4

    def publish(path, content):
        nonlocal room
        room -= 1
        if 0 > room > -8:
            path.with_name(path.name + files.PART).write_bytes(content[:10])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, content)

    monkeypatch.setattr(checkpoint, "publish", publish)
    made, seen = training(), []

    class Look(Callback):
        def on_epoch_end(self, training, row, /):
            resumed = globals()["training"](seed=1)
            Checkpoints(tmp_path).load(resumed)
            seen.append(resumed.progress.epoch)

    saving = SaveCheckpoint(tmp_path, every_epoch=True)
    fit(made, train_batches(), valid_batches(), epochs=12, callbacks=[saving, Look()])
    assert made.progress.epoch == 12
    (note,) = made.notes
    assert note.startswith("no checkpoint could be written after step 20 (No space left on device); the last")
    assert seen[:3] == [1, 1, 1]
    assert seen[-1] == 12  # there is room again
    assert not list(tmp_path.glob("*" + files.PART))


def test_a_file_that_may_not_grow(tmp_path):
    """A limit of the system's own, in place of a disk that is really full."""
    made = training()
    saving = SaveCheckpoint(tmp_path, every_epoch=True)
    fit(made, train_batches(), epochs=1, callbacks=[saving])
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limit[1]))
    try:
        fit(made, train_batches(), epochs=3, callbacks=[saving])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert len(made.notes) == 1 and "File too large" in made.notes[0]
    resumed = training(seed=1)
    assert Checkpoints(tmp_path).load(resumed) == []
    assert resumed.progress.epoch == 1
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".safetensors", ".safetensors"]


def interrupted(directory, signals):
    """Run the long training; send the signals after step 5; what it printed last, and its exit code."""
    places = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    script = ROOT / "tests" / "train" / "scripts" / "interrupted.py"
    with subprocess.Popen(
        [sys.executable, script, directory], env={**os.environ, **places}, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if line == "5\n":
                process.send_signal(signals)
                break
        *_, last = process.stdout.read().splitlines()
    return last, process.returncode


def test_ctrl_c_stops_after_the_step_and_saves(tmp_path):
    last, code = interrupted(tmp_path, signal.SIGINT)
    told = json.loads(last)
    assert code == 0
    assert told["stop"] == "interrupted"
    made = training()
    Checkpoints(tmp_path).load(made)
    assert made.progress.step == told["step"] >= 5


class PressTwice(Callback):
    def on_step_end(self, training, /):
        if training.progress.step == 3:
            os.kill(os.getpid(), signal.SIGINT)
            assert training.stop == "interrupted"
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def interruptible():
    """Python's own handler, also where the suite was started with SIGINT ignored (in the background)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_the_second_ctrl_c_ends_it_at_once_and_handlers_come_back(interruptible):
    made = training()
    with pytest.raises(KeyboardInterrupt):
        fit(made, train_batches(), epochs=2, callbacks=[StopOnInterrupt(), PressTwice()])
    assert made.progress.step == 3
    assert signal.getsignal(signal.SIGINT) is interruptible


def test_in_another_thread_signals_are_left_alone():
    made = training()
    thread = threading.Thread(
        target=fit, args=(made, train_batches()), kwargs={"epochs": 1, "callbacks": [StopOnInterrupt()]}
    )
    thread.start()
    thread.join()
    assert made.progress.epoch == 1
