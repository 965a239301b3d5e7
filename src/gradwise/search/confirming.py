"""Whether the winner is better than the default: both trained with fresh seeds, compared seed by seed.

The best of many validation scores is optimistic, as the largest of many noisy numbers is; these scores are
not: their seeds were in no trial, and where there are test rows, no trial saw them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gradwise.data.examples import Examples, Task
from gradwise.fitting.spread import Spread
from gradwise.train.metrics import SMALLER_IS_BETTER, metrics_for

RESAMPLES = 200  # of the rows: a standard error within 5 % of itself (1 / √(2 · 200))
NORMAL = 1.96  # standard errors: two-sided 95 %
# Stands for the objective ``loss``, which depends on weights of classes and the like.
LOSS_METRIC = {"classes": "log-loss", "labels": "f1-micro", "numbers": "rmse"}

Fit = Callable[
    [Mapping[str, Any], int], Tensor | None
]  # settings, seed -> (N, K) raw outputs; None: it failed


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Winner against default.

    Args:
        metric: that was compared.
        rows: that it was measured on: ``test`` or ``validation``.
        count: of these rows.
        seeds: of the trainings, the same for both.
        winner: its scores, seed by seed.
        default: the default's scores.
        gain: mean of the differences; above 0 the winner is better, whatever the metric.
        half: half the width of the 95 % interval of the gain; NaN where it cannot be told.
        word: ``better``, ``no better`` or ``worse``.
    """

    metric: str
    rows: str
    count: int
    seeds: tuple[int, ...]
    winner: tuple[float, ...]
    default: tuple[float, ...]
    gain: float
    half: float
    word: str

    @property
    def sentence(self) -> str:
        """The numbers as a person reads them."""
        mine, theirs = fmean(self.winner), fmean(self.default)
        seeds = f"{len(self.seeds)} fresh seed{'s' * (len(self.seeds) != 1)}"
        where = f"{self.count:,} {self.rows} rows"
        width = "no interval from one seed" if math.isnan(self.half) else f"± {self.half:.2g}, 95 %"
        scores = f"{self.metric} {mine:.4g}, the default {theirs:.4g} on {where} with {seeds}"
        return f"{scores}: a gain of {self.gain:+.2g} ({width})"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "sentence": self.sentence}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Confirmation:
        """What `as_dict` wrote."""
        held: dict[str, Any] = {name: value for name, value in document.items() if name != "sentence"}
        return cls(**held | {name: tuple(held[name]) for name in ("seeds", "winner", "default")})


def confirm(
    metric: str,
    task: Task,
    rows: tuple[str, Examples],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
    seeds: Sequence[int],
    fit: Fit,
) -> Confirmation | None:
    """Train winner and default with each seed and compare.

    Args:
        metric: to compare by.
        task: what is predicted.
        rows: what they are called, and the rows to score on.
        settings: of the winner, of the default.
        seeds: fresh ones.
        fit: trains.

    Returns:
        None where one of the trainings failed.
    """
    name, examples = rows
    assert examples.target is not None
    outputs: list[list[Tensor]] = [[], []]
    for seed in seeds:
        for which, given in enumerate(settings):
            made = fit(given, seed)
            if made is None:
                return None
            outputs[which].append(made)
    return compare(metric, task, name, torch.from_numpy(examples.target), (outputs[0], outputs[1]), seeds)


def compare(
    metric: str,
    task: Task,
    rows: str,
    target: Tensor,
    outputs: tuple[Sequence[Tensor], Sequence[Tensor]],
    seeds: Sequence[int],
) -> Confirmation:
    """Scores of both, seed by seed, and the gain with an interval.

    Its half width is √(a² + b²): a is Student's t interval of the paired differences over the seeds, b is
    1.96 times the standard error of their mean over the rows, by drawing the rows again (Efron's bootstrap).
    Seeds alone would call a difference of one row, made by every seed, certain.

    Args:
        metric: a metric of the task.
        task: what was predicted.
        rows: what the rows are called.
        target: (N,) or (N, K).
        outputs: (N, K) each, of the winner and of the default, one per seed.
        seeds: in their order.
    """
    sign = -1.0 if metric in SMALLER_IS_BETTER else 1.0
    winner, default = ([_score(metric, task, each, target) for each in some] for some in outputs)
    differences = [sign * (mine - other) for mine, other in zip(winner, default, strict=True)]
    gain, half = fmean(differences), math.nan
    if len(seeds) > 1:
        over_seeds = Spread.of(differences).half
        half = math.hypot(over_seeds, NORMAL * _row_error(metric, task, target, outputs))
    word = "better" if gain > half else "worse" if gain < -half else "no better"  # nothing is above NaN
    return Confirmation(
        metric, rows, len(target), tuple(seeds), tuple(winner), tuple(default), gain, half, word
    )


def _row_error(
    metric: str, task: Task, target: Tensor, outputs: tuple[Sequence[Tensor], Sequence[Tensor]]
) -> float:
    """Standard error of the mean difference over the seeds, as other rows would have changed it."""
    chance = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        rows = torch.from_numpy(chance.integers(0, len(target), len(target)))
        means = [fmean(_score(metric, task, each[rows], target[rows]) for each in some) for some in outputs]
        drawn.append(means[0] - means[1])
    return float(np.std(drawn, ddof=1))


def _score(metric: str, task: Task, outputs: Tensor, target: Tensor) -> float:
    tally = metrics_for(task)(torch.device("cpu"))
    tally.add(outputs, target)
    return tally.read()[metric]
