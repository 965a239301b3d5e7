"""gradwise's own loop on the benchmark's nets, by its public parts: batches, speed, training, loop, doctor.

As `gradwise fit` does it: the settings of pace are found by races, which count into the time to the target.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import torch
from torch import nn

from benchmarks.fit.meter import Meter
from benchmarks.fit.nets import Scaled
from benchmarks.fit.workloads import Problem
from gradwise import optim
from gradwise.data.examples import Examples
from gradwise.fitting.doctor import Doctor
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback
from gradwise.train.config import FitConfig
from gradwise.train.loop import fit
from gradwise.train.speed import Speed, choose_speed
from gradwise.train.training import Training

TITLE = "gradwise"
NEEDS: tuple[str, ...] = ()
ONLY: tuple[str, ...] = ()
TRIAL_BATCHES = 32  # as in gradwise.fitting.choosing
EXPECTED_EPOCHS = 20  # a usual training; races may take a share of its length
FOREVER = 1_000_000  # epochs: the meter ends the training


class Ticks(Callback):
    """Tells the meter how many rows each step took."""

    def __init__(self, meter: Meter) -> None:
        self.meter, self.seen = meter, 0

    def on_start(self, training: Training) -> None:
        """Nothing."""

    def on_step_end(self, training: Training) -> None:
        """Count."""
        seen = training.progress.seen
        self.meter.tick(seen - self.seen)
        self.seen = seen

    def on_epoch_end(self, training: Training, row: object) -> None:
        """Nothing."""

    def on_end(self, training: Training) -> None:
        """Nothing."""


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough, with the doctor on, as a fit does by default."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def watched(training: Training) -> Ticks:
            stack.enter_context(
                Doctor(folder / "run", training.model, training.optimizer, problem.workload.name)
            )
            return Ticks(meter)

        run(problem, meter, watched)


def run(problem: Problem, meter: Meter, callback: Callable[[Training], Ticks]) -> None:
    """Find the pace, then train; ``callback`` is made when all is ready for the first step."""
    net = problem.net()
    if problem.mean is not None and problem.spread is not None:
        net = Scaled(net, problem.mean, problem.spread).to(problem.device)
    # Accuracy is measured on what all others get: standardised floats, so behind the scaling.
    meter.start(lambda: problem.accuracy(net.net if isinstance(net, Scaled) else net))
    rows = _examples(problem)
    speed = _speed(problem, net, rows)
    speed.use_threads()
    training = _training(problem, net, speed)
    batches = _batches(problem, rows, speed)
    fit(training, batches, epochs=FOREVER, callbacks=[callback(training)])


def _examples(problem: Problem) -> Examples:
    x = problem.arrays.train_x
    name = "pixels" if problem.pixels else "tokens" if x.ndim == 2 and x.dtype == "int64" else "numbers"
    return Examples({"series" if x.ndim == 3 else name: x}, problem.arrays.train_y)


def _speed(problem: Problem, net: nn.Module, rows: Examples) -> Speed:
    sample = list(islice(_batches(problem, rows, Speed()).iterate(0), TRIAL_BATCHES))
    steps = EXPECTED_EPOCHS * -(-len(rows) // problem.workload.batch)
    return choose_speed(
        lambda speed: _training(problem, copy.deepcopy(net), speed),
        sample,
        FitConfig(),
        steps=steps,
        fusible=True,
    )


def _batches(problem: Problem, rows: Examples, speed: Speed) -> Batches:
    return Batches(
        rows,
        problem.workload.batch,
        device=problem.device,
        seed=problem.seed,
        channels_last=speed.channels_last,
    )


def _training(problem: Problem, net: nn.Module, speed: Speed) -> Training:
    if speed.channels_last:
        net.to(memory_format=torch.channels_last)
    if speed.compile:
        net.compile()
    optimizer = optim.make("adam", net.parameters(), rate=problem.workload.rate, fused=speed.fused)
    return Training(
        model=net,
        optimizer=optimizer,
        criterion=nn.CrossEntropyLoss(),
        device=problem.device,
        autocast=speed.autocast,
    )
