"""From numbers in memory to a trained net, for the estimators: no files, no races, nothing printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gradwise import optim
from gradwise.data import resampling
from gradwise.data.examples import Examples, Task
from gradwise.fitting.assembly import assemble, build_net, find_device, fusible, rehearse, threads
from gradwise.fitting.recipe import Recipe
from gradwise.train.batches import Batches
from gradwise.train.callbacks import EarlyStopping
from gradwise.train.config import FitConfig
from gradwise.train.loop import fit as train
from gradwise.train.plan import Plan, make_plan
from gradwise.train.randomness import random_state, restore_random_state, seed_everything
from gradwise.train.rate_test import range_test
from gradwise.train.speed import Speed

Array = NDArray[Any]

LEAST_VALIDATED = 10  # rows kept for early stopping; with fewer nothing is kept and it never stops early
JUDGED_ROWS = 8192  # in one forward pass without gradients
TRIAL_BATCHES = 32  # that the range test takes turns on
TINY = 1 << 20  # numbers in all; below, a second thread costs more than it brings


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came out.

    Args:
        model: the plain net, in float64 on the CPU, so that predictions do not depend on the batch's size.
        rate: learning rate.
        plan: name and options of the net.
        epochs: done.
        curve: mean training loss of every epoch.
    """

    model: nn.Module
    rate: float
    plan: dict[str, Any]
    epochs: int
    curve: list[float]


def learn(numbers: Array, target: Array, task: Task, config: FitConfig) -> Learnt:
    """Train on standardised numbers; global random states and threads are put back.

    Args:
        numbers: (N, D).
        target: (N,) class ids or (N, K) numbers.
        task: what is predicted.
        config: settings.

    Raises:
        UsageError: settings that do not go together.
    """
    examples = Examples({"numbers": numbers.astype(np.float32)}, target)
    kept, held = _parts(len(numbers), target if task.kind == "classes" else None, config)
    state = random_state()
    try:
        with threads(1 if numbers.size < TINY else None):
            return _train(examples.take(kept), examples.take(held), task, config)
    finally:
        restore_random_state(state)


def plain_net(
    recipe: Recipe, task: Task, shape: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> nn.Module:
    """A new net with these weights, for predictions: without hooks, in float64, on the CPU."""
    with torch.random.fork_rng(devices=[]):
        model = build_net(replace(recipe, init=None), task, shape)
    model.load_state_dict({name: tensor.cpu() for name, tensor in weights.items()})
    return model.eval().double()


def _train(examples: Examples, valid: Examples, task: Task, config: FitConfig) -> Learnt:
    if resampling.proper(config.resample) != resampling.NONE:
        examples = resampling.resample(config.resample, examples, task, seed=config.seed).examples
    device = find_device(config.device)
    shape = {"numbers": examples.inputs["numbers"].shape[1], "categories": ()}
    assert examples.target is not None
    counts = None
    if task.kind == "classes":
        counts = np.bincount(examples.target, minlength=task.outputs).tolist()
    plan = make_plan(task, shape, len(examples), config, device=device, counts=counts)
    recipe = _paced(plan, config, device)
    batches = Batches(
        examples, plan.batch_size, device=device, seed=config.seed, balanced=config.balanced_batches
    )
    if plan.rate is None:
        recipe = replace(recipe, rate=_rate(recipe, task, shape, batches))
    training = assemble(recipe, task, shape, steps_per_epoch=len(batches))
    judged = Batches(valid, JUDGED_ROWS, device=device, shuffle=False) if len(valid) else None
    stopping = [EarlyStopping(plan.patience if judged is not None else 0)]
    train(training, batches, judged, epochs=plan.epochs, callbacks=stopping)
    return Learnt(
        model=plain_net(recipe, task, shape, training.best_weights or training.weights()),
        rate=recipe.rate,
        plan={"net": plan.net, "options": dict(plan.net_options)},
        epochs=training.progress.epoch,
        curve=[row.train_loss for row in training.progress.history],
    )


def _paced(plan: Plan, config: FitConfig, device: str) -> Recipe:
    usual = optim.OPTIMIZERS[plan.optimizer].rate
    speed = Speed(fused=True if fusible(plan.optimizer, device) else None)
    return Recipe.draft(plan, config, device, usual_rate=usual).at(speed)


def _rate(recipe: Recipe, task: Task, shape: Mapping[str, Any], batches: Batches) -> float:
    """By a range test on the first batches."""
    seed_everything(recipe.seed)
    model = build_net(recipe, task, shape)
    sample = [batch for _, batch in zip(range(TRIAL_BATCHES), batches.iterate(0), strict=False)]
    speed = Speed(fused=recipe.fused)
    return range_test(lambda: rehearse(recipe, model, task, speed), sample, usual=recipe.rate).suggestion


def _parts(rows: int, strata: Array | None, config: FitConfig) -> tuple[Array, Array]:
    """Rows to learn from and rows to stop by; none of the latter from small data."""
    count = round(rows * config.valid)
    everything = np.arange(rows)
    if count < LEAST_VALIDATED:
        return everything, everything[:0]
    order = np.random.default_rng(config.seed).permutation(rows)
    if strata is not None:  # take evenly from rows sorted by class
        order = order[np.argsort(strata[order], kind="stable")]
    held = order[np.linspace(0, rows - 1, count).astype(int)]
    return np.setdiff1d(everything, held), np.sort(held)
