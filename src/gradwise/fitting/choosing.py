"""From settings to a recipe: the plan, then the learning rate and the speed that trials find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradwise import optim
from gradwise.data.examples import Choice, Examples, Task
from gradwise.fitting.assembly import build_net, find_device, fusible, rehearse, threads
from gradwise.fitting.listener import Listener
from gradwise.fitting.recipe import Recipe
from gradwise.train.batches import Batch, Batches
from gradwise.train.config import FitConfig
from gradwise.train.plan import make_plan
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
    usual = optim.OPTIMIZERS[plan.optimizer].rate
    draft = Recipe.draft(plan, config, device, usual_rate=usual)
    seed_everything(config.seed)
    model = build_net(draft, task, shape)
    sample = _sample(train, plan.batch_size, config, device)

    def rehearsal(speed: Speed) -> Training:
        return rehearse(draft, model, task, speed)

    steps = plan.epochs * plan.steps_per_epoch
    speed = choose_speed(rehearsal, sample, config, steps=steps, fusible=fusible(plan.optimizer, device))
    for choice in speed.choices:
        tell(choice)
    if plan.rate is None:
        with threads(speed.threads):
            test = range_test(lambda: rehearsal(speed), sample, usual=usual)
        draft = replace(draft, rate=test.suggestion)
        tell(Choice("rate", f"{draft.rate:.2g}", test.reason))
    return draft.at(speed), told


def _sample(train: Examples, batch_size: int, config: FitConfig, device: str) -> list[Batch]:
    """Some batches of the training for trials."""
    rows = np.random.default_rng(config.seed).permutation(len(train))[: batch_size * TRIAL_BATCHES]
    batches = Batches(train.take(np.sort(rows)), batch_size, device=device, seed=config.seed)
    return list(batches.iterate(0))


def _counts(task: Task, train: Examples) -> list[int] | None:
    """Training rows of every class, or in which every label is true."""
    if train.target is None or task.kind == "numbers":
        return None
    if task.kind == "classes":
        return [int(count) for count in np.bincount(train.target, minlength=len(task.classes))]
    return [int(count) for count in (train.target > 0.5).sum(axis=0)]
