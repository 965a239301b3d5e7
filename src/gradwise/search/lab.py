"""Where trials are trained: the data, read once; speeds, raced once; and nothing kept on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from gradwise import nets, optim
from gradwise.data.examples import Examples, Kind, Task
from gradwise.fitting.assembly import find_device, fusible, threads
from gradwise.fitting.choosing import Draft, draft
from gradwise.fitting.listener import Listener
from gradwise.fitting.preparing import Prepared
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.record import Record
from gradwise.fitting.run import Job, Sets, set_up
from gradwise.fitting.weights import net_of_weights
from gradwise.nets.net import input_kind
from gradwise.search.dimension import DEFAULT
from gradwise.search.sampling import takes
from gradwise.train.batches import Batches
from gradwise.train.callbacks import Callback, EarlyStopping
from gradwise.train.config import FitConfig
from gradwise.train.loop import fit as train
from gradwise.train.outputs import outputs
from gradwise.train.plan import Plan, make_plan
from gradwise.train.progress import EpochRow
from gradwise.train.speed import Speed, choose_speed
from gradwise.train.training import Training

BATCH_ROWS = 1024  # rows in one forward pass when outputs are compared


@dataclass(frozen=True, slots=True)
class Trained:
    """What one training came to.

    Args:
        recipe: it was trained by.
        best: the best epoch, judged by its validation loss as a fit does; None: no epoch had a loss.
        stop: why it ended before its last epoch; "" otherwise.
        epochs: that were trained.
        seconds: that it took, with the search for its rate and pace.
        training: with the best weights in place.
    """

    recipe: Recipe
    best: EpochRow | None
    stop: str
    epochs: int
    seconds: float
    training: Training


@dataclass
class Lab:
    """Trains nets on data that stays the same, with whatever settings.

    Args:
        prepared: the data.
        listener: hears the choices of pace, once each.
    """

    prepared: Prepared
    listener: Listener = field(default_factory=Listener)
    _speeds: dict[tuple[str, str], Speed] = field(default_factory=dict)

    @property
    def task(self) -> Task:
        """What is predicted."""
        return self.prepared.encoder.task

    @property
    def shape(self) -> Mapping[str, Any]:
        """Of the input."""
        return self.prepared.encoder.shape()

    @property
    def kind(self) -> Kind:
        """Of the data."""
        return input_kind(self.shape)  # type: ignore[return-value]

    @property
    def sets(self) -> Sets:
        """The arrays."""
        return self.prepared.sets

    def plan(self, config: FitConfig) -> Plan:
        """What a fit with these settings would do, for checks: weights of classes are left out.

        Raises:
            UsageError: settings that do not go together.
        """
        device = find_device(config.device).split(":")[0]
        config, _, _ = net_of_weights(config, self.kind)
        return make_plan(self.task, self.shape, len(self.sets.train), config, device=device)

    def any_takes(self, names: Sequence[str], setting: str) -> bool:
        """Whether one of these nets can be told a setting of nets on this data."""
        able = nets.nets_for(self.kind)
        known = [nets.NETS.name(name) for name in names if name != DEFAULT]
        return len(known) < len(names) or any(
            name in able and takes(name, self.kind, setting) for name in known
        )

    def rate(self, config: FitConfig) -> tuple[float, str]:
        """The learning rate that a range test finds for these settings, and why."""
        test = self._draft(config).test_rates(config)
        return test.suggestion, test.reason

    def train(self, config: FitConfig, callbacks: Sequence[Callback] = ()) -> Trained:
        """Train one net; the rate is found by a range test where the settings have none.

        Raises:
            UsageError: settings that do not go together.
        """
        begin = perf_counter()
        drafted = self._draft(config)
        rate = drafted.plan.rate
        if rate is None:
            rate = drafted.test_rates(config).suggestion
        drafted = replace(drafted, recipe=replace(drafted.recipe, rate=rate))
        recipe = drafted.recipe.at(self._speed(drafted, config))
        job = Job(
            directory=Path(),
            record=Record({}, {}, versions={}),
            recipe=recipe,
            encoder=self.prepared.encoder,
            sets=self.sets,
            progress=Listener(),
            resumed=False,
        )
        with threads(recipe.threads):
            setup = set_up(job, recipe)
            training = setup.training
            judging = [EarlyStopping(recipe.patience), *callbacks]
            train(training, setup.batches, setup.valid, epochs=recipe.epochs, callbacks=judging)
        progress = training.progress
        best = progress.history[progress.best_epoch - 1] if progress.best_epoch else None
        return Trained(recipe, best, training.stop, progress.epoch, perf_counter() - begin, training)

    def outputs(self, trained: Trained, rows: Examples) -> Tensor:
        """(N, K) raw outputs of a trained net on the CPU."""
        batches = Batches(rows, BATCH_ROWS, device=trained.recipe.device, shuffle=False)
        with threads(trained.recipe.threads):
            return outputs(trained.training.judged, batches).cpu()

    def _draft(self, config: FitConfig) -> Draft:
        return draft(config, self.task, self.shape, self.sets.train, lambda _choice: None)

    def _speed(self, drafted: Draft, config: FitConfig) -> Speed:
        """The pace of this net with this optimizer, raced the first time."""
        plan = drafted.plan
        name = optim.OPTIMIZERS.name(plan.optimizer)
        if optim.OPTIMIZERS[plan.optimizer].closure:
            return replace(
                Speed.given(config, fusible=False), threads=config.threads or torch.get_num_threads()
            )
        if (plan.net, name) not in self._speeds:
            steps = plan.epochs * plan.steps_per_epoch
            fused = fusible(plan.optimizer, drafted.recipe.device)
            speed = choose_speed(drafted.rehearsal, drafted.sample, config, steps=steps, fusible=fused)
            self._speeds[plan.net, name] = speed
            for choice in speed.choices:
                self.listener.chose(choice)
        return self._speeds[plan.net, name]
