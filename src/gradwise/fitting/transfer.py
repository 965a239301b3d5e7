"""What a fit that builds on earlier trainings is told before it begins."""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from gradwise import optim
from gradwise.data.examples import Choice, Task
from gradwise.errors import UsageError
from gradwise.fitting.origins import Origin
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.teaching import FLAG as TEACHER
from gradwise.fitting.teaching import teacher_for, told
from gradwise.fitting.weights import FLAG as WEIGHTS
from gradwise.init.matching import Matched
from gradwise.train.config import PRETRAINED, FitConfig
from gradwise.train.transfer import Freezing
from gradwise.train.transfer.discriminative_rates import rates_told


def with_digests(recipe: Recipe) -> Recipe:
    """The recipe with the digests of the weights that it begins with and of its teacher's.

    Raises:
        UsageError: they are not there.
    """
    if recipe.weights is not None:
        digest = Origin.find(recipe.weights, WEIGHTS).digest()
        recipe = replace(recipe, weights_digest=digest)
    if recipe.teacher is not None:
        digest = Origin.find(recipe.teacher, TEACHER, run=True).digest()
        recipe = replace(recipe, teacher_digest=digest)
    return recipe


def check_transfer(recipe: Recipe, config: FitConfig) -> None:
    """Refuse what does not go together.

    Raises:
        UsageError: one sentence.
    """
    info = optim.OPTIMIZERS[recipe.optimizer]
    if info.closure and recipe.unfreeze_every is not None:
        raise UsageError(
            f"--unfreeze-every changes what is learnt, and {info.name} gathers the curvature of one set of "
            "weights; leave it out, or take --optimizer adamw."
        )
    if info.closure and recipe.rate_decay is not None:
        raise UsageError(
            f"--rate-decay gives every stage a rate, and {info.name} finds the length of its steps itself; "
            "leave it out, or take --optimizer adamw."
        )
    if config.compile == "yes" and recipe.unfreeze_every is not None:
        raise UsageError(
            "--compile yes with --unfreeze-every compiles the net anew whenever a stage thaws; leave one out."
        )


def transfer_told(recipe: Recipe, model: nn.Module, matched: Matched | None, task: Task) -> list[Choice]:
    """What came of weights, freezing, rates and teacher.

    Args:
        recipe: of the fit.
        model: with its first weights.
        matched: what was taken from the weights.
        task: what is predicted.

    Raises:
        UsageError: nothing to freeze, or a teacher of something else.
    """
    choices = []
    if matched is not None and recipe.weights is not None:
        choices.append(Choice("weights", Origin.find(recipe.weights, WEIGHTS).name, str(matched)))
    if recipe.freeze != "none":
        reason = Freezing(model, recipe.freeze, recipe.unfreeze_every).told(recipe.epochs)
        if matched is None and (recipe.init or "").partition(":")[0] not in PRETRAINED:
            reason += "; these were drawn at random, since no --weights were given"
        choices.append(Choice("freeze", recipe.freeze, reason))
    if recipe.rate_decay is not None:
        choices.append(Choice("rate-decay", f"{recipe.rate_decay:g}", rates_told(model, recipe.rate_decay)))
    if recipe.teacher is not None:
        teacher_for(recipe, task)
        choices.append(told(recipe, task))
    return choices
