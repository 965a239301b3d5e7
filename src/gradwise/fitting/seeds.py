"""Whether several seeds are trained together or one after another: a race between the two."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from gradwise import losses, optim
from gradwise.data.examples import Choice, Encoder, Examples, Task
from gradwise.errors import UsageError
from gradwise.fitting.assembly import build_net, build_training, threads
from gradwise.fitting.listener import Listener
from gradwise.fitting.members import build_together, first_nets
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.run import Sets
from gradwise.train.batches import Batch, Batches
from gradwise.train.config import FitConfig
from gradwise.train.loop import step as training_step
from gradwise.train.race import Race, Step, run_race
from gradwise.train.randomness import random_state, restore_random_state, seed_everything
from gradwise.train.stack import CannotStackError, check_agreement
from gradwise.train.together import ELEMENTWISE, MemberBatches
from gradwise.train.training import Training

TOGETHER, APART = "together", "one after another"
MOST_WEIGHTS = 20_000_000  # of all nets: beyond, a step is all arithmetic, and five copies take 400 MB
TRIAL_BATCHES = 8  # that the race takes turns on
FIRST_STEPS = 3  # that are timed, to know how long a race may be
RACE_SHARE = 0.02  # of the time that all trainings would take one after another
RACE_SECONDS = (0.2, 10.0)  # at least, so that short trainings are raced too, and at most


@dataclass(frozen=True, slots=True)
class _Trial:
    """What the race is about."""

    recipe: Recipe
    task: Task
    train: Examples
    nets: Sequence[nn.Module]
    steps: int  # of each training


def choose_way(
    config: FitConfig, recipe: Recipe, encoder: Encoder, sets: Sets, progress: Listener
) -> tuple[Recipe, list[Choice]]:
    """The recipe for as many runs as were asked for, and how they are trained.

    Random states are put back.  Cost: 2 % of the trainings, from 0.2 s to 10 s; nothing for a single run.

    Raises:
        UsageError: ``together`` was asked for and cannot be.
    """
    if config.runs == 1:
        return recipe, []
    recipe = replace(recipe, runs=config.runs)
    told: list[Choice] = []
    if config.together != "no":
        way, reason = _way(config, recipe, encoder, sets)
        recipe = replace(recipe, together=way)
        if config.together == "auto":
            told.append(Choice("together", "yes" if way else "no", reason))
    if config.doctor:
        value = "off" if recipe.together else "first run"
        reason = "it reads the signals of one net, here they are of all nets in one"
        if not recipe.together:
            reason = f"the {config.runs} runs differ in nothing but their seeds"
        told.append(Choice("doctor", value, reason))
    for choice in told:
        progress.chose(choice)
    return recipe, told


def _way(config: FitConfig, recipe: Recipe, encoder: Encoder, sets: Sets) -> tuple[bool, str]:
    """Whether they are trained together, and why."""
    state = random_state()
    try:
        with threads(recipe.threads):
            _check_settings(recipe, sets)
            _check_size(recipe, encoder)
            nets = first_nets(recipe, encoder.task, encoder.shape())
            steps = recipe.epochs * len(Batches(sets.train, recipe.batch_size))
            trial = _Trial(recipe, encoder.task, sets.train, nets, steps)
            return _judge(trial, forced=config.together == "yes")
    except CannotStackError as error:
        if config.together == "yes":
            raise UsageError(f"--together yes cannot be: {error}; leave it out.") from error
        return False, str(error)
    finally:
        restore_random_state(state)


def _check_settings(recipe: Recipe, sets: Sets) -> None:
    """Refuse what would not come to the same for each net."""
    if optim.OPTIMIZERS.name(recipe.optimizer) not in ELEMENTWISE:
        raise CannotStackError(f"{recipe.optimizer} does not treat every weight by itself")
    if optim.SCHEDULES.name(recipe.schedule) == "plateau":
        raise CannotStackError("plateau sets each net's rate by its own loss")
    if losses.LOSSES[recipe.loss].takes != "outputs":
        raise CannotStackError(f"{recipe.loss} looks into the last layer of one net")
    if recipe.regularize != "none":
        raise CannotStackError(f"{recipe.regularize.partition(':')[0]} looks at the weights of one net")
    if recipe.freeze != "none":
        raise CannotStackError("layers of single nets are frozen")
    if recipe.teacher is not None:
        raise CannotStackError("the teacher is asked about the rows of one net")
    if recipe.bf16 or recipe.compile:
        raise CannotStackError(f"not with {'bf16' if recipe.bf16 else 'a compiled net'}")
    if not len(sets.valid):
        raise CannotStackError("without validation rows each net would be judged by a training of its own")


def _check_size(recipe: Recipe, encoder: Encoder) -> None:
    seed_everything(recipe.seed)
    net = build_net(recipe, encoder.task, encoder.shape())
    weights = recipe.runs * sum(weight.numel() for weight in net.parameters())
    if weights > MOST_WEIGHTS:
        raise CannotStackError(f"the nets have {weights:,} weights in all (limit {MOST_WEIGHTS:,})")


def _judge(trial: _Trial, *, forced: bool) -> tuple[bool, str]:
    alone, all_ = _contestants(trial)
    if forced:
        return True, ""
    runs = trial.recipe.runs
    one, many = _seconds(alone), _seconds(all_)
    fewest, most = RACE_SECONDS
    budget = min(most, max(fewest, RACE_SHARE * trial.steps * runs * one))
    race = run_race({APART: alone, TOGETHER: all_}, seconds=budget, step_seconds=(one + many) / 2)
    if race is None:
        return False, f"a race of the two would take more than {budget:.2g} s"
    each = {TOGETHER: race.seconds[TOGETHER], APART: tuple(runs * spent for spent in race.seconds[APART])}
    fair = Race(each)
    together, apart = (1000 * min(spent) for spent in each.values())
    reason = (
        f"one step of all {runs} takes {together:.3g} ms, {runs} steps of one {apart:.3g} ms: "
        f"{fair.gain(TOGETHER, APART):.2f}x; timed, so another time it may come out otherwise"
    )
    return fair.beats(TOGETHER, APART), reason


def _contestants(trial: _Trial) -> tuple[Step, Step]:
    """A step of one net alone and a step of all, which was compared with the nets before."""
    recipe, nets = replace(trial.recipe, schedule="constant", ema=None), trial.nets
    rows = np.random.default_rng(recipe.seed).permutation(len(trial.train))
    sample = trial.train.take(np.sort(rows[: recipe.batch_size * TRIAL_BATCHES]))
    one = Batches(sample, recipe.batch_size, device=recipe.device, seed=recipe.seed)
    all_ = MemberBatches(sample, recipe.batch_size, device=recipe.device, seeds=recipe.seeds)
    batches = list(all_.iterate(0))
    alone = build_training(recipe, copy.deepcopy(nets[0]), trial.task, steps_per_epoch=1)
    try:
        together = build_together(recipe, nets, trial.task, steps_per_epoch=1)
        inputs, target = batches[0]
        check_agreement(together.stack, nets, inputs)
        together.criterion(together.model(*inputs), target).backward()
        with torch.no_grad():
            together.criterion(together.model(*inputs), target)
        together.optimizer.zero_grad()
    except CannotStackError:
        raise
    except Exception as error:  # a module may refuse vectorising in any way
        reason = str(error).strip().split("\n", maxsplit=1)[0][:120]
        raise CannotStackError(f"this net cannot be vectorised ({type(error).__name__}: {reason})") from error
    return _stepping(alone, list(one.iterate(0))), _stepping(together, batches)


def _stepping(training: Training, batches: Sequence[Batch]) -> Step:
    training.wake()
    turn = cycle(batches)

    def step() -> Tensor:
        return training_step(training, *next(turn))

    return step


def _seconds(step: Step) -> float:
    """Of the quickest of a few steps, after one that prepares."""
    step().item()
    spent = []
    for _ in range(FIRST_STEPS):
        started = perf_counter()
        step().item()
        spent.append(perf_counter() - started)
    return min(spent)
