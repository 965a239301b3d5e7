"""From settings to a recipe: the plan, then the learning rate and the speed that trials find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwise import optim
from gradwise.data.examples import Choice, Examples, Task
from gradwise.fitting.assembly import find_device, threads
from gradwise.fitting.listener import Listener
from gradwise.fitting.recipe import Recipe
from gradwise.train.batches import Batch, Batches
from gradwise.train.config import FitConfig
from gradwise.train.parts import build_net, fusible, rehearse
from gradwise.train.plan import Plan, make_plan
from gradwise.train.randomness import seed_everything
from gradwise.train.rate_test import range_test
from gradwise.train.speed import Speed, choose_speed
from gradwise.train.training import Training

TRIAL_BATCHES = 32  # batches that trials take turns on


def resolve(
    config: FitConfig, task: Task, shape: Mapping[str, Any], train: Examples, progress: Listener
) -> tuple[Recipe, list[Choice]]:
    """Everything that the user left open, decided; every choice is told as it is made.

    Args:
        config: the user's settings.
        task: what is predicted.
        shape: of the input, as `Encoder.shape` gives it.
        train: the training rows.
        progress: hears the choices.

    Raises:
        UsageError: settings that do not go together.
    """
    told: list[Choice] = []

    def tell(choice: Choice) -> None:
        told.append(choice)
        progress.chose(choice)

    device = find_device(config.device)
    plan = make_plan(
        task, shape, len(train), config, device=device.split(":")[0], counts=_counts(task, train)
    )
    for choice in plan.choices:
        tell(choice)
    seed_everything(config.seed)
    model = build_net(plan, task, shape)
    sample = _sample(train, plan.batch_size, config, device)

    def rehearsal(speed: Speed) -> Training:
        return rehearse(plan, model, task, speed=speed, device=device)

    steps = plan.epochs * plan.steps_per_epoch
    speed = choose_speed(rehearsal, sample, config, steps=steps, fusible=fusible(plan, device))
    for choice in speed.choices:
        tell(choice)
    rate = plan.rate
    if rate is None:
        usual = optim.OPTIMIZERS[plan.optimizer].rate
        with threads(speed.threads):
            test = range_test(lambda: rehearsal(speed), sample, usual=usual)
        rate = test.suggestion
        tell(Choice("rate", f"{rate:.2g}", test.reason))
    return _recipe(plan, config, device, rate, speed), told


def _sample(train: Examples, batch_size: int, config: FitConfig, device: str) -> list[Batch]:
    """Some batches of the training for trials."""
    rows = np.random.default_rng(config.seed).permutation(len(train))[: batch_size * TRIAL_BATCHES]
    batches = Batches(train.take(np.sort(rows)), batch_size, device=device, seed=config.seed)
    return list(batches.iterate(0))


def _recipe(plan: Plan, config: FitConfig, device: str, rate: float, speed: Speed) -> Recipe:
    return Recipe(
        net=plan.net,
        options=dict(plan.net_options),
        optimizer=plan.optimizer,
        rate=rate,
        weight_decay=plan.weight_decay,
        schedule=plan.schedule,
        epochs=plan.epochs,
        batch_size=plan.batch_size,
        loss=plan.loss,
        class_weights=list(plan.class_weights) if plan.class_weights is not None else None,
        clip=plan.clip,
        patience=plan.patience,
        init=plan.init,
        ema=config.ema,
        seed=config.seed,
        device=device,
        bf16=speed.precision == "bf16",
        channels_last=speed.channels_last,
        fused=speed.fused,
        threads=speed.threads,
        compile=speed.compile,
    )


def _counts(task: Task, train: Examples) -> list[int] | None:
    """Training rows of every class, or in which every label is true."""
    if train.target is None or task.kind == "numbers":
        return None
    if task.kind == "classes":
        return [int(count) for count in np.bincount(train.target, minlength=len(task.classes))]
    return [int(count) for count in (train.target > 0.5).sum(axis=0)]
