"""Scores of predictions: per class, confusion, calibration, ranking; of numbers, errors per target.

What is undefined is NaN, and a note says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.baselines.quick import accuracy, balanced_accuracy, r2
from gradwise.data.examples import Task
from gradwise.fitting.calibration import calibration_error, reliability
from gradwise.fitting.deciding import Decision, class_ids, true_labels

Array = NDArray[Any]
Table = list[dict[str, Any]]

LEAST = 1e-15  # of a probability under a logarithm
SHOWN = 3  # names in a note
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Scores:
    """How good predictions are.

    Args:
        metrics: by name; the first is the main one; NaN where undefined.
        per_class: one entry per class or label: ``class``, ``precision``, ``recall``, ``f1``, ``rows``.
        confusion: (classes, classes) counts, truth by row; empty where it does not apply.
        per_target: of numbers, one entry per target: ``target``, ``r2``, ``explained_variance``, ``rmse``,
            ``mae``.
        reliability: of probabilities, see `gradwise.fitting.calibration.reliability`.
        notes: sentences that tell what is undefined, and why.
    """

    metrics: dict[str, float]
    per_class: list[dict[str, Any]] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
    per_target: list[dict[str, Any]] = field(default_factory=list)
    reliability: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def score(task: Task, outputs: Array, target: Array, decision: Decision | None = None) -> Scores:
    """Score a net's outputs.

    Args:
        task: what was predicted.
        outputs: (N, K) probabilities of classes or labels, or numbers in the target's own units.
        target: (N,) class ids, (N, K) labels, or (N, K) numbers in their own units.
        decision: the threshold of two classes or of labels; probabilities are scored without it.
    """
    outputs = np.asarray(outputs, np.float64)
    if task.kind == "numbers":
        scores = _numbers(task, outputs, np.asarray(target, np.float64))
    elif task.kind == "classes":
        scores = _classes(task, outputs, target, decision)
    else:
        scores = _labels(task, outputs, target > 0.5, decision)
    broken = int((~np.isfinite(outputs)).any(axis=1).sum())
    if broken:
        scores.notes.append(f"the net's outputs are no finite numbers in {broken} of {len(outputs)} rows")
    return scores


def _classes(task: Task, outputs: Array, target: Array, decision: Decision | None) -> Scores:
    from sklearn.metrics import confusion_matrix

    guess, ids = class_ids(outputs, decision), np.arange(len(task.classes))
    right = target[guess == target]
    table, notes = _table(task.classes, *(np.bincount(x, minlength=len(ids)) for x in (right, guess, target)))
    present = [row for row in table if row["rows"]]
    sure = np.take_along_axis(outputs, target[:, None], axis=1)[:, 0]
    truth = target[:, None] == ids  # (N, K)
    squares = ((outputs - truth) ** 2).sum(axis=1)
    bins = _reliability(outputs.max(axis=1), outputs.argmax(axis=1) == target)
    metrics = {
        "accuracy": accuracy(target, guess),
        "balanced_accuracy": float(np.mean([row["recall"] for row in present])),
        "f1_macro": float(np.mean([row["f1"] for row in present])),
        "log_loss": float(-np.mean(np.log(np.clip(sure, LEAST, 1)))),
        "brier": float(np.mean(squares)) / (2 if len(ids) == 2 else 1),
        "calibration_error": calibration_error(bins),
    }
    if len(ids) == 2:
        metrics |= _ranking(truth[:, 1:], outputs[:, 1:], task.classes[1:], notes)
    matrix = confusion_matrix(target, guess, labels=ids).tolist()
    return Scores(metrics, table, matrix, reliability=bins, notes=notes)


def _labels(task: Task, outputs: Array, truth: Array, decision: Decision | None) -> Scores:
    guess = true_labels(outputs, decision)
    table, notes = _table(task.targets, *(x.sum(axis=0) for x in (guess & truth, guess, truth)))
    shares = np.clip(np.where(truth, outputs, 1 - outputs), LEAST, 1)
    bins = _reliability(np.maximum(outputs, 1 - outputs).ravel(), ((outputs > 0.5) == truth).ravel())
    f1 = [row["f1"] for row in table if row["rows"]]
    metrics = {
        "accuracy": accuracy(truth, guess),
        "balanced_accuracy": balanced_accuracy(truth, guess),
        "exact_match": float(np.mean((guess == truth).all(axis=1))),
        "f1_micro": float(2 * (guess & truth).sum() / max((guess.sum() + truth.sum()), 1)),
        "f1_macro": float(np.mean(f1)) if f1 else NAN,
        "log_loss": float(-np.mean(np.log(shares))),
        "brier": float(np.mean((outputs - truth) ** 2)),
        "calibration_error": calibration_error(bins),
        **_ranking(truth, outputs, task.targets, notes),
    }
    return Scores(metrics, table, reliability=bins, notes=notes)


def _table(names: tuple[str, ...], hits: Array, said: Array, rows: Array) -> tuple[Table, list[str]]:
    """Precision, recall and F1 of every class or label, and what of them is undefined.

    Args:
        names: of the K classes or labels.
        hits: (K,) rows predicted to be it that are it.
        said: (K,) rows predicted to be it.
        rows: (K,) rows that are it.
    """
    table: Table = []
    for name, hit, guessed, true in zip(names, hits.tolist(), said.tolist(), rows.tolist(), strict=True):
        table.append({
            "class": name,
            "precision": hit / guessed if guessed else NAN, "recall": hit / true if true else NAN,
            "f1": 2 * hit / (guessed + true) if guessed + true else NAN, "rows": true,
        })  # fmt: skip
    absent = [row["class"] for row in table if not row["rows"]]
    never = [row["class"] for row in table if row["rows"] and np.isnan(row["precision"])]
    notes = []
    if absent:
        notes.append(f"no row is {_some(absent)}: recall is undefined there, and means leave it out")
    if never:
        notes.append(f"no row was predicted to be {_some(never)}: precision is undefined there")
    return table, notes


def _ranking(truth: Array, outputs: Array, names: tuple[str, ...], notes: list[str]) -> dict[str, float]:
    """Area under the ROC curve and average precision, means over the columns that hold both values."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    mixed = np.asarray(truth.any(axis=0) & ~truth.all(axis=0) & np.isfinite(outputs).all(axis=0))
    if not mixed.all():
        lost = [name for name, fine in zip(names, mixed, strict=True) if not fine]
        notes.append(f"every row or none is {_some(lost)}: ROC AUC and average precision are undefined there")
    areas = [float(roc_auc_score(truth[:, at], outputs[:, at])) for at in np.flatnonzero(mixed)]
    means = [float(average_precision_score(truth[:, at], outputs[:, at])) for at in np.flatnonzero(mixed)]
    return {
        "roc_auc": float(np.mean(areas)) if areas else NAN,
        "average_precision": float(np.mean(means)) if means else NAN,
    }


def _numbers(task: Task, outputs: Array, target: Array) -> Scores:
    error = outputs - target
    table: Table = []
    notes: list[str] = []
    for at, name in enumerate(task.targets):
        truth, spread = target[:, at], float(target[:, at].var())
        table.append({
            "target": name, "r2": r2(truth[:, None], outputs[:, [at]]),
            "explained_variance": 1 - float(error[:, at].var()) / spread if spread else NAN,
            "rmse": float(np.sqrt(np.mean(error[:, at] ** 2))), "mae": float(np.mean(np.abs(error[:, at]))),
        })  # fmt: skip
    constant = [row["target"] for row in table if np.isnan(row["explained_variance"])]
    if constant and np.isfinite(outputs).all():
        notes.append(f"{_some(constant)} is the same in every row: R² is undefined there")
    explained = [row["explained_variance"] for row in table if row["target"] not in constant]
    metrics = {
        "r2": r2(target, outputs),
        "explained_variance": float(np.mean(explained)) if explained else NAN,
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
    }
    return Scores(metrics, per_target=table, notes=notes)


def _reliability(confidence: Array, right: Array) -> list[dict[str, Any]]:
    known = np.isfinite(confidence)
    return reliability(confidence[known], right[known])


def _some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    told = ", ".join(map(repr, names[:SHOWN]))
    return told if len(names) <= SHOWN else f"{told} and {len(names) - SHOWN} more"
