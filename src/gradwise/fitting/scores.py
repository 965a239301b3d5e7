"""Scores of predictions: per class, confusion, calibration; of numbers, error and R²."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradwise.baselines.quick import r2
from gradwise.data.examples import Task

Array = NDArray[Any]

BINS = 15  # of the calibration error (Guo et al. 2017, section 2)


@dataclass(frozen=True, slots=True)
class Scores:
    """How good predictions are.

    Args:
        metrics: by name; the first is the main one.
        per_class: one entry per class: name, precision, recall, f1, rows.
        confusion: (classes, classes) counts, truth by row; empty where it does not apply.
    """

    metrics: dict[str, float]
    per_class: list[dict[str, Any]] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)


def score(task: Task, outputs: Array, target: Array) -> Scores:
    """Score a net's outputs.

    Args:
        task: what was predicted.
        outputs: (N, K) probabilities of classes or labels, or numbers in the target's own units.
        target: (N,) class ids, (N, K) labels, or (N, K) numbers in their own units.
    """
    if task.kind == "classes":
        return _classes(task, outputs, target)
    if task.kind == "labels":
        return _labels(task, outputs, target)
    error = outputs - target
    metrics = {
        "r2": r2(target, outputs),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
    }
    return Scores(metrics)


def _classes(task: Task, outputs: Array, target: Array) -> Scores:
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    guess = outputs.argmax(axis=1)
    ids = np.arange(len(task.classes))
    precision, recall, f1, rows = precision_recall_fscore_support(
        target, guess, labels=ids, average=None, zero_division=0.0
    )
    present = rows > 0
    sure = np.take_along_axis(outputs, target[:, None], axis=1)[:, 0]
    metrics = {
        "accuracy": float(np.mean(guess == target)),
        "balanced_accuracy": float(np.mean(recall[present])),
        "f1_macro": float(np.mean(f1[present])),
        "log_loss": float(-np.mean(np.log(np.clip(sure, 1e-15, 1)))),
        "calibration_error": calibration_error(outputs.max(axis=1), guess == target),
    }
    table = [
        {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "rows": int(n)}
        for name, p, r, f, n in zip(task.classes, precision, recall, f1, rows, strict=True)
    ]
    return Scores(metrics, table, confusion_matrix(target, guess, labels=ids).tolist())


def _labels(task: Task, outputs: Array, target: Array) -> Scores:
    from sklearn.metrics import precision_recall_fscore_support

    guess, truth = outputs > 0.5, target > 0.5
    precision, recall, f1, rows = precision_recall_fscore_support(
        truth, guess, average=None, zero_division=0.0, labels=np.arange(len(task.targets))
    )
    micro = 2 * (guess & truth).sum() / max((guess.sum() + truth.sum()), 1)
    metrics = {
        "accuracy": float(np.mean(guess == truth)),
        "exact_match": float(np.mean((guess == truth).all(axis=1))),
        "f1_micro": float(micro),
        "f1_macro": float(np.mean(f1)),
    }
    table = [
        {"class": name, "precision": float(p), "recall": float(r), "f1": float(f), "rows": int(n)}
        for name, p, r, f, n in zip(task.targets, precision, recall, f1, rows, strict=True)
    ]
    return Scores(metrics, table)


def calibration_error(confidence: Array, right: Array, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over equal-width bins.

    >>> calibration_error(np.array([1.0, 1.0]), np.array([True, True]))
    0.0
    >>> calibration_error(np.array([0.9, 0.9]), np.array([True, False])) > 0.39
    True
    """
    where = np.minimum((confidence * bins).astype(int), bins - 1)
    counts = np.bincount(where, minlength=bins)
    sums = np.bincount(where, confidence, bins) - np.bincount(where, right.astype(float), bins)
    return float(np.abs(sums[counts > 0]).sum() / max(len(confidence), 1))
