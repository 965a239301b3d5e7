"""A yardstick for a trained net: what guessing scores, and what a linear model scores on the same split."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MOST_ROWS = 20_000  # training rows that the linear model sees; more changes its score little
MOST_FEATURES = 2_000  # columns; one-hot categories beyond it are left out, largest cardinality first
MOST_PIXELS = 1_024  # of an image, after averaging neighbours
MOST_ITERATIONS = 200  # of the solver; a yardstick need not converge to the last digit


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Scores on the validation rows: accuracy for classes, mean accuracy of labels, R² for numbers.

    Args:
        metric: ``accuracy`` or ``r2``.
        trivial: of always predicting the most frequent class (the mean) of the training rows.
        linear: of logistic regression or ridge; None when it could not be fitted.
        seconds: that it took.
        note: on what it was fitted, or why it was not.
    """

    metric: str
    trivial: float
    linear: float | None
    seconds: float
    note: str


def measure(
    kind: str, train: Mapping[str, Array], target: Array, valid: Mapping[str, Array], truth: Array
) -> Yardstick:
    """Score the trivial and a linear predictor.

    Args:
        kind: ``classes``, ``labels`` or ``numbers``, as `Task.kind`.
        train: inputs of the training rows by name, as in `Examples`.
        target: (N,) class ids or (N, K) numbers.
        valid: inputs of the validation rows.
        truth: their targets.

    >>> x = np.arange(20.0, dtype=np.float32).reshape(-1, 1)
    >>> stick = measure("numbers", {"numbers": x}, 2 * x, {"numbers": x}, 2 * x)
    >>> stick.linear > 0.99, stick.trivial
    (True, 0.0)
    """
    begin = perf_counter()
    metric = "r2" if kind == "numbers" else "accuracy"
    trivial = _trivial(kind, target, truth)
    rows = np.arange(len(target))
    if len(rows) > MOST_ROWS:
        rows = np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False)
    note = f"{len(rows)} training rows" if len(rows) < len(target) else "all training rows"
    linear: float | None = None
    try:
        columns = _features({name: array[rows] for name, array in train.items()}, train)
        linear = _linear(kind, columns, target[rows], _features(valid, train), truth)
    except (ValueError, MemoryError) as error:
        note = f"not fitted: {error}"
    return Yardstick(metric, trivial, linear, perf_counter() - begin, note)


def _trivial(kind: str, target: Array, truth: Array) -> float:
    if kind == "classes":
        return float(np.mean(truth == np.bincount(target).argmax()))
    if kind == "labels":
        return float(np.mean(truth == (target.mean(axis=0) > 0.5)))
    return r2(truth, np.broadcast_to(target.mean(axis=0), truth.shape))


def r2(truth: Array, guess: Array) -> float:
    """Coefficient of determination, the mean over the columns; a constant column is left out."""
    left = ((truth - guess) ** 2).sum(axis=0)
    whole = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    moving = whole > 0
    return float(np.mean(1 - left[moving] / whole[moving])) if moving.any() else float("nan")


def _linear(kind: str, train: Array, target: Array, valid: Array, truth: Array) -> float:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multioutput import MultiOutputClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if kind == "numbers":
        ridge = make_pipeline(StandardScaler(), Ridge()).fit(train, target)
        return r2(truth, ridge.predict(valid).reshape(truth.shape))
    logistic: Any = LogisticRegression(max_iter=MOST_ITERATIONS)
    if kind == "labels":
        logistic = MultiOutputClassifier(logistic)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge matters little here
        model = make_pipeline(StandardScaler(), logistic).fit(train, target)
    return float(np.mean(model.predict(valid) == truth))


def _features(inputs: Mapping[str, Array], reference: Mapping[str, Array]) -> Array:
    """One flat row of numbers per example; one-hot columns as the reference has them."""
    parts: list[Array] = []
    if "numbers" in inputs:
        parts.append(inputs["numbers"])
    if "categories" in inputs:
        parts.append(_one_hot(inputs["categories"], reference["categories"]))
    if "pixels" in inputs:
        parts.append(_pooled(inputs["pixels"]))
    if "series" in inputs:
        parts.append(_summary(inputs["series"], inputs["lengths"]))
    if "tokens" in inputs:
        parts.append(_words(inputs["tokens"], reference["tokens"]))
    return np.concatenate([part.astype(np.float32, copy=False) for part in parts], axis=1)


def _one_hot(ids: Array, reference: Array) -> Array:
    sizes = [int(reference[:, column].max(initial=0)) + 1 for column in range(ids.shape[1])]
    kept: list[Array] = []
    used = 0
    for column in np.argsort(sizes, kind="stable"):
        if used + sizes[column] > MOST_FEATURES:
            break
        used += sizes[column]
        kept.append(ids[:, column, None] == np.arange(sizes[column]))
    return np.concatenate(kept, axis=1) if kept else np.zeros((len(ids), 0), np.float32)


def _pooled(pixels: Array) -> Array:
    """(N, C, H, W) averaged over squares until at most `MOST_PIXELS` numbers are left."""
    images = pixels.astype(np.float32)
    while images[0].size > MOST_PIXELS and min(images.shape[2:]) > 1:
        height, width = (length // 2 * 2 for length in images.shape[2:])
        cut = images[:, :, :height, :width]
        images = cut.reshape(*cut.shape[:2], height // 2, 2, width // 2, 2).mean(axis=(3, 5))
    return images.reshape(len(images), -1)


def _summary(series: Array, lengths: Array) -> Array:
    """Mean, spread, least, greatest, first and last value of every feature, and the length."""
    inside = np.arange(series.shape[1]) < lengths[:, None]
    masked = np.where(inside[..., None], series, np.nan)
    last = series[np.arange(len(series)), np.maximum(lengths - 1, 0)]
    parts = [np.nanmean(masked, 1), np.nanstd(masked, 1), np.nanmin(masked, 1), np.nanmax(masked, 1)]
    return np.concatenate([*parts, series[:, 0], last, lengths[:, None]], axis=1)


def _words(tokens: Array, reference: Array) -> Array:
    """Which of the most frequent words stand in a text."""
    width = min(int(reference.max(initial=0)) + 1, MOST_FEATURES)
    found = np.zeros((len(tokens), width), np.float32)
    rows, _ = np.nonzero((tokens > 0) & (tokens < width))
    found[rows, tokens[(tokens > 0) & (tokens < width)]] = 1
    return found
