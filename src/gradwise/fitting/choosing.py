"""From settings to a recipe: the plan, then the learning rate and the speed that trials find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwise import optim
from gradwise.data.examples import Choice, Examples, Task
from gradwise.fitting.assembly import find_device
from gradwise.fitting.listener import Listener
from gradwise.fitting.recipe import Recipe
from gradwise.train.config import FitConfig
from gradwise.train.plan import Plan, make_plan


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
    recipe = _recipe(plan, config, device)
    return recipe, told


def _recipe(plan: Plan, config: FitConfig, device: str) -> Recipe:
    rate = plan.rate if plan.rate is not None else optim.OPTIMIZERS[plan.optimizer].rate
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
        bf16=config.precision == "bf16",
        channels_last=config.layout == "channels-last",
        threads=config.threads,
        compile=config.compile == "yes",
    )


def _counts(task: Task, train: Examples) -> list[int] | None:
    """Training rows of every class, or in which every label is true."""
    if train.target is None or task.kind == "numbers":
        return None
    if task.kind == "classes":
        return [int(count) for count in np.bincount(train.target, minlength=len(task.classes))]
    return [int(count) for count in (train.target > 0.5).sum(axis=0)]
