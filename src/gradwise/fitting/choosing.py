"""From settings to a recipe: the plan, then the learning rate and the speed that trials find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from gradwise import optim
from gradwise.data.examples import Choice, Examples, Task
from gradwise.data.imbalance import balanced_order
from gradwise.fitting.assembly import drawn_net, find_device, fusible, rehearse, threads
from gradwise.fitting.listener import Listener
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.transfer import check_transfer, transfer_told, with_digests
from gradwise.fitting.weights import begin_with, fit_stem, net_of_weights
from gradwise.nets import input_kind
from gradwise.train.augmenting import augmenter
from gradwise.train.batches import Batch, Batches
from gradwise.train.config import FitConfig
from gradwise.train.plan import Plan, make_plan
from gradwise.train.randomness import seed_everything
from gradwise.train.rate_test import RangeTest, range_test
from gradwise.train.speed import Speed, choose_speed
from gradwise.train.training import Training

TIMED = (
    "decided by timing: another time the same command may choose otherwise and end with slightly other "
    "weights; a rerun of this run repeats it to the last bit"
)
LINE_SEARCH = "a line search tells losses apart that bf16 does not; its steps take unequal times: no race"
TRIAL_BATCHES = 32  # batches that trials take turns on


@dataclass(frozen=True, slots=True)
class Draft:
    """A training as planned, and what trials of it need.

    Args:
        plan: its settings.
        recipe: of it, before rate and speed are found.
        usual: the optimizer's usual rate.
        sample: batches to try on.
        model: with its first weights; trials are made on copies.
        task: what is predicted.
    """

    plan: Plan
    recipe: Recipe
    usual: float
    sample: list[Batch]
    model: nn.Module
    task: Task

    def rehearsal(self, speed: Speed) -> Training:
        """A training at this pace, on a copy of the model."""
        return rehearse(self.recipe, self.model, self.task, speed)

    def test_rates(self, config: FitConfig) -> RangeTest:
        """The range test of this training, at a pace that depends on no race."""
        asked = Speed.given(config, fusible=fusible(self.plan.optimizer, self.recipe.device))
        asked = replace(asked, compile=False)
        with threads(config.threads):
            return range_test(lambda: self.rehearsal(asked), self.sample, usual=self.usual)


def draft(
    config: FitConfig,
    task: Task,
    shape: Mapping[str, Any],
    train: Examples,
    tell: Callable[[Choice], None],
) -> Draft:
    """What follows from settings and data alone; ``tell`` hears the choices."""
    device = find_device(config.device)
    config, options, told = net_of_weights(config, input_kind(shape))
    plan = make_plan(
        task, shape, len(train), config, device=device.split(":")[0], counts=_counts(task, train)
    )
    plan = replace(plan, net_options={**options, **plan.net_options})
    plan, stem = fit_stem(plan, config, task, shape)
    for choice in (*told, *plan.choices, *stem):
        tell(choice)
    usual = optim.OPTIMIZERS[plan.optimizer].rate
    recipe = with_digests(Recipe.draft(plan, config, device, usual_rate=usual))
    check_transfer(recipe, config)
    seed_everything(config.seed)
    model = drawn_net(recipe, task, shape)
    matched = begin_with(model, recipe, task)
    for choice in transfer_told(recipe, model, matched, task):
        tell(choice)
    sample = _sample(train, plan.batch_size, config, device)
    changed = augmenter(plan.augment, task, [config.seed])
    if changed is not None:  # trials see what training will see; what changing it costs is the same for all
        sample = [changed(*batch, epoch=0, batch=number) for number, batch in enumerate(sample)]
    return Draft(plan, recipe, usual, sample, model, task)


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

    drafted = draft(config, task, shape, train, tell)
    plan, timed = drafted.plan, list[str]()
    if plan.rate is None:  # before any race, so that the rate does not depend on who wins
        test = drafted.test_rates(config)
        drafted = replace(drafted, recipe=replace(drafted.recipe, rate=test.suggestion))
        tell(Choice("rate", f"{test.suggestion:.2g}", test.reason))
        timed += ["rate"] if test.hurried else []
    steps = plan.epochs * plan.steps_per_epoch
    if optim.OPTIMIZERS[plan.optimizer].closure:
        speed = Speed.given(config, fusible=False)
        drafted.rehearsal(speed)  # what the optimizer cannot serve is refused before anything is written
        if config.precision == "auto":
            tell(Choice("precision", "float32", LINE_SEARCH))
    else:
        if config.unfreeze_every is not None and config.compile == "auto":
            config = replace(config, compile="no")
            tell(Choice("compile", "no", "every layer that thaws would compile the net anew"))
        fused = fusible(plan.optimizer, drafted.recipe.device)
        speed = choose_speed(drafted.rehearsal, drafted.sample, config, steps=steps, fusible=fused)
    for choice in speed.choices:
        tell(choice)
    timed += speed.timed
    if timed:
        tell(Choice("repeat", "gradwise rerun", f"{', '.join(timed)} {TIMED}"))
    recipe = drafted.recipe.at(speed)
    return replace(recipe, threads=recipe.threads or torch.get_num_threads()), told


def _sample(train: Examples, batch_size: int, config: FitConfig, device: str) -> list[Batch]:
    """Some batches of the training for trials."""
    if config.balanced_batches:
        assert train.target is not None
        order = balanced_order(train.target, seed=config.seed, epoch=0)[: batch_size * TRIAL_BATCHES]
        return list(Batches(train.take(order), batch_size, device=device, shuffle=False).iterate(0))
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
