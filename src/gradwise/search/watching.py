"""A trial under watch: its score goes into the study, and it is stopped when it is hopeless or time is up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

import optuna

from gradwise.search.sampling import REPORTS
from gradwise.train.callbacks import Callback
from gradwise.train.training import EpochRow, Training

PRUNED = "pruned"
OUT_OF_TIME = "out of time"


class Watching(Callback):
    """Stops a training that others outdo, or whose time is up.

    Args:
        trial: of optuna; None: it is not compared with others.
        metric: the objective.
        epochs: of the training, at most.
        deadline: by the monotonic clock.
        moved: hears the epochs that are done.
        deferred: within what it gives, interruptions wait: the study is written.
    """

    def __init__(
        self,
        *,
        trial: optuna.Trial | None,
        metric: str,
        epochs: int,
        deadline: float,
        moved: Callable[[int], None],
        deferred: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.trial, self.metric, self.deadline = trial, metric, deadline
        self.moved, self.deferred = moved, deferred
        self.every = math.ceil(epochs / REPORTS)

    def on_step_end(self, training: Training) -> None:
        """Look at the clock."""
        if time.monotonic() >= self.deadline:
            training.stop = OUT_OF_TIME

    def on_epoch_end(self, training: Training, row: EpochRow) -> None:
        """Compare the score of the best epoch so far, some 20 times in a training."""
        self.moved(row.epoch)
        best = training.progress.best_epoch
        if self.trial is None or training.stop or not best or row.epoch % self.every:
            return
        value = training.progress.history[best - 1].value(self.metric)
        if math.isnan(value):
            return
        with self.deferred():
            self.trial.report(value, row.epoch)
            if self.trial.should_prune():
                training.stop = PRUNED
