"""The network of an earlier fit as a teacher."""

from __future__ import annotations

import copy
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn

from gradwise.data.examples import Choice, Task
from gradwise.errors import TraceError, UsageError
from gradwise.fitting.network import Network, load
from gradwise.fitting.origins import Origin
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.record import Record
from gradwise.train.config import FitConfig
from gradwise.train.transfer import Distillation, Teacher

FLAG = "--teacher"
SHOWN = 3  # classes in a message


class Translated(nn.Module):
    """A net's outputs in another order and in other units.

    Args:
        net: (N, K) outputs.
        order: of its outputs, one for each that is wanted.
        scale: (K,) that these are multiplied by.
        shift: (K,) that is added then.
    """

    def __init__(self, net: nn.Module, order: list[int], scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.net = net
        self.order: Tensor
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("order", torch.tensor(order))
        self.register_buffer("scale", scale)
        self.register_buffer("shift", shift)

    def forward(self, *inputs: Tensor) -> Tensor:
        """(N, ...) each -> (N, K)."""
        outputs: Tensor = self.net(*inputs)
        return torch.addcmul(self.shift, outputs.index_select(1, self.order), self.scale)


def teacher_for(recipe: Recipe, task: Task) -> Teacher | None:
    """The recipe's teacher; None where it has none.

    Raises:
        UsageError: it is gone, has changed since the recipe was made, or predicts something else.
    """
    if recipe.teacher is None:
        return None
    origin = Origin.find(recipe.teacher, FLAG, run=True)
    network = _loaded(origin.place, recipe.teacher_digest or origin.digest())
    net = copy.deepcopy(_translated(network, task, origin.name)).to(
        recipe.device
    )  # each lays it out its own way
    if recipe.channels_last:
        net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Teacher(net, Distillation.of(recipe.distill, task.kind))


def told(recipe: Recipe, task: Task) -> Choice:
    """The teacher of a recipe, for the user."""
    assert recipe.teacher is not None
    origin = Origin.find(recipe.teacher, FLAG, run=True)
    assert origin.record is not None
    how = Distillation.of(recipe.distill, task.kind).told
    verdict = origin.record.verdict
    scored = (
        f", {verdict['metric']} {verdict['score']:.3g} on its validation rows" if "score" in verdict else ""
    )
    return Choice("teacher", origin.name, f"{origin.net}{scored}; {how}")


def seen_rows(config: FitConfig, record: Record) -> Choice | None:
    """A word of warning where the teacher learnt from other rows of the same data, maybe the validation rows.

    Args:
        config: of the fit.
        record: of the fit, whose data was read.
    """
    if config.teacher is None:
        return None
    theirs = Origin.find(config.teacher, FLAG, run=True).record
    assert theirs is not None
    if theirs.data.get("fingerprint") != record.data.get("fingerprint"):
        return None
    before = FitConfig.make({**theirs.config, "teacher": None, "weights": None, "distill": ""})
    parts = [(each.seed, each.valid, each.test) for each in (before, config)]
    if parts[0] == parts[1] and theirs.data["options"] == record.data["options"]:
        return None
    reason = (
        f"the teacher learnt from it with another split: give its --seed {before.seed}, --valid and --test"
    )
    return Choice("validation", "optimistic", f"{reason}, or its validation rows are not those of this fit")


@lru_cache(maxsize=1)
def _loaded(place: Path, digest: str) -> Network:
    """The teacher's network, read once for all trials and the training."""
    Origin.find(place, FLAG, run=True).check(digest)
    try:
        return load(place)
    except TraceError as error:
        raise UsageError(f"{FLAG}: {error}") from error


def _translated(network: Network, task: Task, name: str) -> nn.Module:
    theirs = network.task
    if theirs.kind != task.kind:
        raise UsageError(f"{FLAG} {name} predicts {theirs.kind}, and this target holds {task.kind}.")
    mine, its = (each.classes if task.kind == "classes" else each.targets for each in (task, theirs))
    if sorted(mine) != sorted(its):
        what = "classes" if task.kind == "classes" else "targets"
        raise UsageError(
            f"{FLAG} {name} predicts other {what}: {_some(its)}, and this data has {_some(mine)}; both must "
            "be the same."
        )
    order = [its.index(word) for word in mine]
    scale, shift = torch.ones(len(mine)), torch.zeros(len(mine))
    if task.kind == "numbers":  # standardised by its own training rows
        own_scale, own_shift = torch.tensor(task.scale), torch.tensor(task.shift)
        scale = torch.tensor([theirs.scale[at] for at in order]) / own_scale
        shift = (torch.tensor([theirs.shift[at] for at in order]) - own_shift) / own_scale
    same = order == list(range(len(order))) and bool((scale == 1).all()) and not bool(shift.any())
    return network.model if same else Translated(network.model, order, scale, shift)


def _some(words: tuple[str, ...]) -> str:
    return ", ".join(words[:SHOWN]) + (" ..." if len(words) > SHOWN else "")
