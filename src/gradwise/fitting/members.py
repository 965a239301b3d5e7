"""The nets of a fit with several seeds: how they begin, and how finished ones are kept until all are."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors import torch as safetensors
from torch import Tensor, nn

from gradwise.data.examples import Examples, Task
from gradwise.errors import UsageError
from gradwise.fitting.assembly import build_net, build_training
from gradwise.fitting.network import Network
from gradwise.fitting.recipe import Recipe
from gradwise.fitting.spread import Spread
from gradwise.train.files import publish
from gradwise.train.randomness import seed_everything
from gradwise.train.together import Together, together
from gradwise.train.training import Training

MEMBERS = "members"  # under the run directory, until the fit is finished


@dataclass(slots=True)
class Member:
    """One net of several, trained.

    Args:
        seed: of its first weights, of the order of its batches and of its dropout.
        weights: of its best epoch, on the CPU.
        best_epoch: counted from 1; 0 where none was.
        stop: why it ended before its last epoch; "" otherwise.
        history: one entry per epoch; empty where the epochs belong to all members together.
        findings: of the doctor; None where it did not watch.
    """

    seed: int
    weights: dict[str, Tensor]
    best_epoch: int
    stop: str = ""
    history: list[dict[str, Any]] | None = None
    findings: list[dict[str, Any]] | None = None

    @classmethod
    def of(cls, seed: int, training: Training, findings: list[dict[str, Any]] | None) -> Member:
        """What came out of a training."""
        progress = training.progress
        weights = on_cpu(training.best_weights or training.weights())
        rows = [{"seed": seed, **asdict(row)} for row in progress.history]
        return cls(seed, weights, progress.best_epoch, training.stop, rows, findings)

    @classmethod
    def all_of(cls, seed: int, training: Together) -> list[Member]:
        """What came out of a training of several at once, the first of which has this seed."""
        best = training.members.best_epochs
        return [
            cls(seed + number, on_cpu(training.member_weights(number)), best[number], training.stop)
            for number in range(training.stack.members)
        ]

    @property
    def sound(self) -> bool:
        """Whether all its weights are numbers."""
        return all(bool(tensor.isfinite().all()) for tensor in self.weights.values())

    def save(self, directory: Path) -> None:
        """Keep a finished member in the run directory.

        Raises:
            UsageError: no room, or no right to write.
        """
        place = _place(directory, self.seed)
        facts = {"best_epoch": self.best_epoch, "stop": self.stop}
        facts |= {"history": self.history, "findings": self.findings}
        try:
            place.parent.mkdir(exist_ok=True)
            publish(place, safetensors.save(self.weights, {"member": json.dumps(facts)}))
        except OSError as error:
            raise UsageError(
                f"{place} cannot be written ({error.strerror or error}); make room, then "
                f"`gradwise fit --resume {directory}`."
            ) from error

    @classmethod
    def kept(cls, directory: Path, seed: int) -> Member | None:
        """A finished member of an interrupted fit; None: it is still to be trained."""
        place = _place(directory, seed)
        if not place.exists():
            return None
        try:
            with safe_open(str(place), "pt") as file:
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
                facts = json.loads(file.metadata()["member"])
        except (OSError, SafetensorError, ValueError, KeyError, TypeError):
            return None  # damaged: it is trained again
        return cls(seed, weights, **facts)


def judge_members(
    network: Network, members: Sequence[dict[str, Any]], valid: Examples, test: Examples
) -> dict[str, Any]:
    """Score every net of an ensemble; its metrics are added to its entry in the record.

    Args:
        network: the ensemble.
        members: entries of `Record.members`, in the order of the nets.
        valid: validation rows; may be empty.
        test: rows for the final test; may be empty.

    Returns:
        By part (``valid``, ``test``) and metric: a `Spread` as a mapping.
    """
    found: dict[str, Any] = {}
    for part, rows in (("valid", valid), ("test", test)):
        if not len(rows):
            continue
        scores = [net.evaluate(rows).metrics for net in network.members]
        for facts, metrics in zip(members, scores, strict=True):
            facts[part] = metrics
        found[part] = {name: Spread.of([metrics[name] for metrics in scores]).as_dict() for name in scores[0]}
    return found


def _place(directory: Path, seed: int) -> Path:
    return directory / MEMBERS / f"seed-{seed}.safetensors"


def on_cpu(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies that depend on nothing."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()}


def first_nets(recipe: Recipe, task: Task, shape: Mapping[str, Any]) -> list[nn.Module]:
    """Every member with its first weights, those that it would have alone, on the recipe's device."""
    nets = []
    for seed in recipe.seeds:
        seed_everything(seed)
        nets.append(build_net(recipe, task, shape).to(recipe.device))
    return nets


def assemble_together(
    recipe: Recipe, task: Task, shape: Mapping[str, Any], *, steps_per_epoch: int
) -> Together:
    """Everything that trains all members at once, from nothing; as `assemble` does for one."""
    nets = first_nets(recipe, task, shape)
    seed_everything(recipe.seed)
    return build_together(recipe, nets, task, steps_per_epoch=steps_per_epoch)


def build_together(
    recipe: Recipe, nets: Sequence[nn.Module], task: Task, *, steps_per_epoch: int
) -> Together:
    """A training of copies of all these nets at once.

    Raises:
        CannotStackError: see `gradwise.train.stack.Stack`.
    """
    alone = replace(recipe, ema=None)
    first = build_training(alone, copy.deepcopy(nets[0]), task, steps_per_epoch=steps_per_epoch)
    return together(first, nets, ema=recipe.ema, patience=recipe.patience)
