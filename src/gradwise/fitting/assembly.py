"""From a recipe to a training: every part made by its name."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from gradwise import nets, optim
from gradwise.data.examples import Task
from gradwise.errors import UsageError
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.teaching import teacher_for
from gradwise.fitting.weights import begin_with
from gradwise.init import apply as draw_weights
from gradwise.train.augmenting import augmenter
from gradwise.train.averaging import averaged
from gradwise.train.heads import criterion_for
from gradwise.train.metrics import metrics_for
from gradwise.train.randomness import seed_everything
from gradwise.train.regularizing import regularisers
from gradwise.train.speed import Speed
from gradwise.train.training import Training
from gradwise.train.transfer import Freezing, rate_factors


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
    """The recipe's net with its first weights: drawn from torch's random state, then those that it has."""
    net = drawn_net(recipe, task, shape)
    begin_with(net, recipe, task)
    return net


def drawn_net(recipe: Recipe, task: Task, shape: Mapping[str, Any]) -> nn.Module:
    """The recipe's net with weights drawn from torch's random state."""
    net = nets.make(recipe.net, outputs=task.outputs, **shape, **recipe.options)
    if recipe.init is not None:
        draw_weights(net, recipe.init)
    return net


def build_training(recipe: Recipe, model: nn.Module, task: Task, *, steps_per_epoch: int) -> Training:
    """Everything that trains ``model``, which is moved to the device and laid out as the recipe says."""
    device = torch.device(recipe.device)
    model = model.to(device)
    if recipe.channels_last:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if recipe.compile:
        model.compile()
    parts, average_from = regularisers(recipe.regularize, recipe.epochs)
    parts.wrap(model)  # before a loss that looks at what enters the last layer
    criterion = criterion_for(recipe.loss, model, outputs=task.outputs, weights=recipe.class_weights)
    criterion = criterion.to(device)
    mean = AveragedModel(model) if average_from is not None else None
    freezing = _freezing(recipe, model)
    optimizer = optim.make(
        recipe.optimizer,
        # some losses learn: the centres of classes; so do some regularisers: gates
        [*model.parameters(), *criterion.parameters(), *parts.parameters()],
        rate=recipe.rate,
        weight_decay=recipe.weight_decay,
        fused=recipe.fused,
        steps=steps_per_epoch * recipe.epochs,
        shares=rate_factors(model, recipe.rate_decay) if recipe.rate_decay is not None else None,
    )
    if freezing is not None:
        freezing.settle(epoch=0)
    schedule = optim.make_schedule(
        recipe.schedule, optimizer, steps_per_epoch=steps_per_epoch, epochs=recipe.epochs
    )
    return Training(
        model=model,
        optimizer=optimizer,
        criterion=criterion,
        scheduler=schedule.scheduler,
        pace=schedule.pace,
        device=device,
        autocast=torch.bfloat16 if recipe.bf16 else None,
        clip=recipe.clip,
        ema=averaged(model, recipe.ema) if recipe.ema is not None else mean,
        average_from=average_from,
        regularisers=parts,
        metrics=metrics_for(task),
        freezing=freezing,
        teacher=teacher_for(recipe, task),
        augment=augmenter(recipe.augment, task, recipe.seeds if recipe.together else (recipe.seed,)),
        keep_best=True,
        closure=optim.OPTIMIZERS[recipe.optimizer].closure,
        notes=optimizer.notes if isinstance(optimizer, optim.ScipyMinimizer) else [],
    )


def _freezing(recipe: Recipe, model: nn.Module) -> Freezing | None:
    """What freezes the model, with all that will ever learn open: the optimizer is made for that."""
    if recipe.freeze == "none":
        return None
    freezing = Freezing(model, recipe.freeze, recipe.unfreeze_every)
    freezing.settle(epoch=recipe.epochs - 1)
    return freezing


def rehearse(recipe: Recipe, model: nn.Module, task: Task, speed: Speed) -> Training:
    """A training at this pace and a constant rate, on a copy: ``model`` is not touched.

    What thaws on the way is thawed: a rate must hold there, and a step takes longest.
    """
    trial = replace(recipe.at(speed), schedule="constant", ema=None)
    if trial.unfreeze_every is not None:
        trial = replace(trial, freeze="none", unfreeze_every=None)
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
