"""From a recipe to a training: every part made by its name."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from gradwise import init, losses, nets, optim
from gradwise.data.examples import Task
from gradwise.errors import UsageError
from gradwise.fitting.recipe import Recipe
from gradwise.train.averaging import averaged
from gradwise.train.metrics import metrics_for
from gradwise.train.randomness import seed_everything
from gradwise.train.speed import Speed
from gradwise.train.training import Training


def assemble(recipe: Recipe, task: Task, shape: Mapping[str, Any], *, steps_per_epoch: int) -> Training:
    """Everything that trains, from nothing; the same recipe gives the same starting weights.

    Args:
        recipe: what to make.
        task: what is predicted.
        shape: of the input, as `Encoder.shape` gives it.
        steps_per_epoch: for schedules that count steps.

    Raises:
        UsageError: settings that do not go together.
    """
    seed_everything(recipe.seed)
    model = build_net(recipe, task, shape)
    return build_training(recipe, model, task, steps_per_epoch=steps_per_epoch)


def build_net(recipe: Recipe, task: Task, shape: Mapping[str, Any]) -> nn.Module:
    """The recipe's net with its first weights, drawn from torch's random state."""
    net = nets.make(recipe.net, outputs=task.outputs, **shape, **recipe.options)
    if recipe.init is not None:
        init.apply(net, recipe.init)
    return net


def build_training(recipe: Recipe, model: nn.Module, task: Task, *, steps_per_epoch: int) -> Training:
    """Everything that trains ``model``, which is moved to the device and laid out as the recipe says."""
    device = torch.device(recipe.device)
    model = model.to(device)
    if recipe.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if recipe.compile:
        model.compile()
    optimizer = optim.make(
        recipe.optimizer,
        model.parameters(),
        rate=recipe.rate,
        weight_decay=recipe.weight_decay,
        fused=recipe.fused,
    )
    schedule = optim.make_schedule(
        recipe.schedule, optimizer, steps_per_epoch=steps_per_epoch, epochs=recipe.epochs
    )
    return Training(
        model=model,
        optimizer=optimizer,
        criterion=losses.make(recipe.loss, weights=recipe.class_weights).to(device),
        scheduler=schedule.scheduler,
        pace=schedule.pace,
        device=device,
        autocast=torch.bfloat16 if recipe.bf16 else None,
        clip=recipe.clip,
        ema=averaged(model, recipe.ema) if recipe.ema is not None else None,
        metrics=metrics_for(task),
        keep_best=True,
    )


def rehearse(recipe: Recipe, model: nn.Module, task: Task, speed: Speed) -> Training:
    """A training at this pace and a constant rate, on a copy: ``model`` is not touched."""
    trial = replace(recipe.at(speed), schedule="constant", ema=None)
    return build_training(trial, copy.deepcopy(model), task, steps_per_epoch=1)


def fusible(optimizer: str, device: str) -> bool:
    """Whether an optimizer has a fused form on this device."""
    return torch.device(device).type in optim.OPTIMIZERS[optimizer].fused_on


def find_device(name: str) -> str:
    """The device that ``auto`` stands for, or the one named.

    Raises:
        UsageError: torch knows no such device, or this machine has none.
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise UsageError(f"--device {name} cannot be used ({reason}); try cpu.") from error
    return name


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """So many threads for torch within the block; None leaves them as they are."""
    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
