"""Learning from rows that come without end: one training that goes on, nothing of the rows is kept."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from gradwise import optim
from gradwise.data.examples import Examples, Task
from gradwise.errors import UsageError
from gradwise.fitting.array_training import plain_net
from gradwise.fitting.assembly import assemble, build_training, find_device
from gradwise.fitting.recipe import Recipe
from gradwise.train.batches import Batches
from gradwise.train.config import FitConfig
from gradwise.train.loop import step as training_step
from gradwise.train.plan import make_plan
from gradwise.train.randomness import random_state, restore_random_state
from gradwise.train.training import Training

Array = NDArray[Any]


@dataclass
class Moments:
    """Mean and variance of columns over all rows seen so far, by Welford's recurrence for whole batches.

    Chan, Golub, LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979.

    >>> moments = Moments()
    >>> for part in ([[1.0], [2.0]], [[6.0]]):
    ...     _ = moments.add(np.array(part))
    >>> moments.rows, moments.mean.tolist(), moments.scale().round(3).tolist()  # √(14 / 3)
    (3, [3.0], [2.16])
    """

    rows: int = 0
    mean: Array = field(default_factory=lambda: np.zeros(1))
    squares: Array = field(default_factory=lambda: np.zeros(1))  # sum of squared distances from the mean

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Moments:
        """Those that `as_dict` wrote."""
        return cls(document["rows"], np.array(document["mean"]), np.array(document["squares"]))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"rows": self.rows, "mean": self.mean.tolist(), "squares": self.squares.tolist()}

    def add(self, rows: Array) -> Moments:
        """(N, D): take them in; itself."""
        count = len(rows)
        mean = rows.mean(axis=0, dtype=np.float64)
        squares = np.square(rows - mean, dtype=np.float64).sum(axis=0)
        total, apart = self.rows + count, mean - self.mean
        self.mean = self.mean + apart * count / total
        self.squares = self.squares + squares + apart**2 * self.rows * count / total
        self.rows = total
        return self

    def scale(self) -> Array:
        """(D,) standard deviation; 1 where a column has none."""
        spread = np.sqrt(self.squares / max(self.rows, 1))
        return np.where(spread > 0, spread, 1.0)


def known_classes(y: Any, classes: Any, before: Array | None) -> Array:
    """The classes of a stream, sorted; those of the first call stay.

    Args:
        y: (N,) labels.
        classes: as passed to this call; None: not passed.
        before: of the first call; None: this is the first.

    Raises:
        ValueError: no classes, others than before, only one, or a label that is none of them.
    """
    if before is None and classes is None:
        raise ValueError("classes must be passed on the first call to partial_fit.")
    known = before if classes is None else np.unique(np.asarray(classes))
    assert known is not None
    if before is not None and not np.array_equal(known, before):
        raise ValueError(f"classes {known} are not those of the first call to partial_fit: {before}.")
    if len(known) < 2:
        raise ValueError(f"partial_fit needs 2 classes at least, and classes holds 1 class: {known[0]}.")
    strange = np.setdiff1d(y, known)
    if len(strange):
        raise ValueError(f"y holds {strange[0]}, which is none of the classes of the first call: {known}.")
    return known


class Stream:
    """A net that takes a step for every batch that arrives, at a constant rate.

    Args:
        config: rate, optimizer, net and so on; without a rate the optimizer's usual one.
        task: what is predicted.
        size: rows and columns of the first call; widths follow from it.
        model: goes on from these weights; None: a new net.

    Raises:
        UsageError: settings that a stream cannot serve.
    """

    def __init__(self, config: FitConfig, task: Task, size: tuple[int, ...], model: nn.Module | None) -> None:
        _check_settings(config)
        info = optim.OPTIMIZERS["adamw" if config.optimizer == "auto" else config.optimizer]
        if info.closure or info.whole != "no":
            raise UsageError(
                f"optimizer {info.name!r} needs all rows at once, and partial_fit sees some; take sgd."
            )
        device = find_device(config.device)
        rows, columns = size
        self.task, self.shape = task, {"numbers": columns, "categories": ()}
        plan = make_plan(task, self.shape, rows, config, device=device)
        recipe = Recipe.draft(plan, config, device, usual_rate=info.rate)
        settings = {"schedule": "constant", "class_weights": None}
        self.recipe = Recipe(**{**recipe.as_dict(), **settings})
        self.plan: dict[str, Any] = {"net": plan.net, "options": dict(plan.net_options)}
        self.batch_size = config.batch_size
        self.training: Training
        state = random_state()
        try:
            if model is None:
                self.training = assemble(self.recipe, task, self.shape, steps_per_epoch=1)
            else:
                own = copy.deepcopy(model).float()
                self.training = build_training(self.recipe, own, task, steps_per_epoch=1)
            self.training.metrics = None  # nothing is judged on the way, and a stream can be pickled
            self._random = random_state()
        finally:
            restore_random_state(state)

    def learn(self, numbers: Array, target: Array) -> float:
        """Take these rows once, in their order: one step, or one for every ``batch_size`` of them.

        Global random states are put back.

        Returns:
            Mean loss over the rows, each before the step that it led to.
        """
        examples = Examples({"numbers": numbers.astype(np.float32)}, target)
        size = min(self.batch_size or len(numbers), len(numbers))
        batches = Batches(examples, size, device=self.recipe.device, shuffle=False)
        self.training.model.train()
        state, total = random_state(), 0.0
        restore_random_state(self._random)
        try:
            for inputs, wanted in batches.iterate(0):
                total += float(training_step(self.training, inputs, wanted)) * len(wanted)
        finally:
            self._random = random_state()
            restore_random_state(state)
        return total / batches.rows

    @property
    def steps(self) -> int:
        """Taken so far."""
        return self.training.progress.step

    def predictor(self) -> nn.Module:
        """A copy of the net as it is now, for predictions: in float64, on the CPU."""
        return plain_net(self.recipe, self.task, self.shape, self.training.weights())


def _check_settings(config: FitConfig) -> None:
    """Refuse what needs all rows, or would change what a stream brings.

    Raises:
        UsageError: such a setting.
    """
    asked = {
        "augment": config.augment != "none",
        "resample": config.resample != "none",
        "balanced_batches": config.balanced_batches,
    }
    for name, there in asked.items():
        if there:
            raise UsageError(f"{name} is for fit, and partial_fit takes rows as they come; leave it out.")
