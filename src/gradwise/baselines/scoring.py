"""Scores by name, of estimators in scikit-learn's form."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwise.baselines import quick
from gradwise.baselines.baseline import CLASSES, NUMBERS, Kind
from gradwise.data.examples import Array
from gradwise.errors import UnknownNameError, UsageError
from gradwise.registry import nearest

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Metric:
    """A score.

    Args:
        name: as it is asked for.
        kinds: of targets that it is for.
        of: called with truth and prediction, gives a number.
        rises: larger is better.
        ranked: it is taken of how sure the model is of each class, not of its answer.
        low: the least possible.
        high: the largest possible.
    """

    name: str
    kinds: tuple[Kind, ...]
    of: Callable[[Array, Array], float]
    rises: bool = True
    ranked: bool = False
    low: float = -math.inf
    high: float = math.inf

    @property
    def share(self) -> bool:
        """Whether it counts rows, so that one row more or less is the least step."""
        return self.name in ("accuracy", "balanced-accuracy", "f1")

    def score(self, model: Any, rows: Any, truth: Array) -> float:
        """Of a fitted estimator; NaN where undefined."""
        if not self.ranked:
            return self.of(truth, np.asarray(model.predict(rows)).reshape(truth.shape))
        return self.of(truth, _sureness(model, rows, truth))


def f1(truth: Array, guess: Array) -> float:
    """Mean over the classes (labels) of the harmonic mean of precision and recall.

    >>> f1(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    0.7333333333333334
    """
    from sklearn.metrics import f1_score

    return float(f1_score(truth, guess, average="macro", zero_division=0))


def roc_auc(truth: Array, sure: Array) -> float:
    """Mean area under the curve of each class against the others (of two classes the second alone).

    Args:
        truth: (N,) class ids or (N, K) labels.
        sure: (N, K) larger where the model is surer; columns as the ids or labels.
    """
    from sklearn.metrics import roc_auc_score

    wanted = truth[:, None] == np.arange(sure.shape[1]) if truth.ndim == 1 else truth > 0
    if truth.ndim == 1 and sure.shape[1] == 2:
        wanted, sure = wanted[:, 1:], sure[:, 1:]
    mixed = wanted.any(axis=0) & ~wanted.all(axis=0)
    areas = [float(roc_auc_score(wanted[:, at], sure[:, at])) for at in np.flatnonzero(mixed)]
    return float(np.mean(areas)) if areas else math.nan


def rmse(truth: Array, guess: Array) -> float:
    """Root of the mean squared error, in units of the target."""
    return float(np.sqrt(np.mean((truth - guess) ** 2)))


def mae(truth: Array, guess: Array) -> float:
    """Mean absolute error, in units of the target."""
    return float(np.mean(np.abs(truth - guess)))


_KNOWN = (
    Metric("accuracy", CLASSES, quick.accuracy, low=0, high=1),
    Metric("balanced-accuracy", CLASSES, quick.balanced_accuracy, low=0, high=1),
    Metric("f1", CLASSES, f1, low=0, high=1),
    Metric("roc-auc", CLASSES, roc_auc, ranked=True, low=0, high=1),
    Metric("r2", NUMBERS, quick.r2, high=1),
    Metric("rmse", NUMBERS, rmse, rises=False, low=0),
    Metric("mae", NUMBERS, mae, rises=False, low=0),
)
METRICS: Mapping[str, Metric] = MappingProxyType({metric.name: metric for metric in _KNOWN})


def check_metric(word: str) -> str:
    """The proper name of a metric, or ``auto``.

    Raises:
        UnknownNameError: there is none of that name.
    """
    name = word.strip().lower().replace("_", "-")
    if name != AUTO and name not in METRICS:
        near = nearest(name, METRICS)
        raise UnknownNameError(f"--metric {word!r} is not known{near}; there are {', '.join(METRICS)}, auto.")
    return name


def choose_metric(word: str, kind: Kind, target: Array) -> tuple[Metric, str]:
    """The metric asked for, or that by which a fit is judged; and why.

    Raises:
        UnknownNameError: there is none of that name.
        UsageError: it is for other targets.
    """
    name = check_metric(word)
    if name != AUTO:
        metric = METRICS[name]
        if kind not in metric.kinds:
            able = ", ".join(each.name for each in _KNOWN if kind in each.kinds)
            raise UsageError(f"--metric {name} is not for a target of {kind}; take one of {able}.")
        return metric, "asked for"
    if kind == "numbers":
        return METRICS["r2"], "the target holds numbers"
    uneven = quick.unevenness(kind, target)
    if uneven > quick.IMBALANCE:
        why = f"the largest class has {uneven:.3g} times the rows of the smallest (limit {quick.IMBALANCE:g})"
        return METRICS["balanced-accuracy"], why
    return METRICS["accuracy"], f"no class has more than {quick.IMBALANCE:g} times the rows of another"


def _sureness(model: Any, rows: Any, truth: Array) -> Array:
    """(N, K) how sure a model is of each class or label."""
    told = model.predict_proba(rows) if hasattr(model, "predict_proba") else model.decision_function(rows)
    told = np.asarray(told)
    if truth.ndim > 1:
        return told
    if told.ndim == 1:
        told = np.stack([-told, told], axis=1)
    known = np.asarray(model.classes_)
    made = np.full((len(told), max(int(known.max()), int(truth.max())) + 1), told.min() - 1)
    made[:, known] = told
    return made
