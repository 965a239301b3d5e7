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
BLOCK_ROWS = 1_024  # turned into features at once, so that large images need little memory
IMBALANCE = 10.0  # largest over smallest class, after SageMaker Debugger's class-imbalance rule


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Scores on the validation rows.

    Args:
        metric: ``accuracy`` for classes (of labels its mean), ``balanced_accuracy`` where the training rows
            are more uneven than `IMBALANCE`, ``r2`` for numbers.
        trivial: of always predicting the most frequent class (the mean) of the training rows.
        linear: of logistic regression or ridge; None when it could not be fitted.
        seconds: that it took.
        note: on what it was fitted, or why it was not.
        worth: rows of even classes whose accuracy varies as much by chance; None: all validation rows.
    """

    metric: str
    trivial: float
    linear: float | None
    seconds: float
    note: str
    worth: float | None = None


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
    balanced = kind != "numbers" and unevenness(kind, target) > IMBALANCE
    metric = "r2" if kind == "numbers" else "balanced_accuracy" if balanced else "accuracy"
    trivial = SCORES[metric](truth, _trivial(kind, target, truth))
    rows = np.arange(len(target))
    if len(rows) > MOST_ROWS:
        rows = np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False)
    note = f"{len(rows)} training rows" if len(rows) < len(target) else "all training rows"
    linear: float | None = None
    try:
        columns = _features({name: array[rows] for name, array in train.items()}, train)
        model = _linear(kind, columns, target[rows], balanced=balanced)
        linear = SCORES[metric](truth, _guesses(model, valid, train).reshape(truth.shape))
    except (ValueError, MemoryError) as error:
        note = f"not fitted: {error}"
    worth = _worth(truth) if balanced else None
    return Yardstick(metric, trivial, linear, perf_counter() - begin, note, worth)


def unevenness(kind: str, target: Array) -> float:
    """Largest over smallest class; of labels the worst of true to false or false to true, where both occur.

    >>> unevenness("classes", np.array([0, 0, 0, 2]))
    3.0
    """
    if kind == "classes":
        counts = np.bincount(target)
        return float(counts.max() / counts[counts > 0].min())
    true = (target > 0.5).sum(axis=0)
    false = len(target) - true
    both = (true > 0) & (false > 0)
    return float(np.max(np.maximum(true, false)[both] / np.minimum(true, false)[both], initial=1.0))


def _trivial(kind: str, target: Array, truth: Array) -> Array:
    """What a predictor that sees no input says of every validation row."""
    if kind == "classes":
        return np.full(truth.shape, np.bincount(target).argmax())
    if kind == "labels":
        return np.broadcast_to(target.mean(axis=0) > 0.5, truth.shape)
    return np.broadcast_to(target.mean(axis=0), truth.shape)


def accuracy(truth: Array, guess: Array) -> float:
    """Share of right answers."""
    return float(np.mean(truth == guess))


def balanced_accuracy(truth: Array, guess: Array) -> float:
    """Mean share of right answers within each class; of labels (N, K) the mean over the labels.

    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    columns = truth.reshape(len(truth), -1).T, np.asarray(guess).reshape(len(truth), -1).T
    return float(np.mean([_mean_recall(true, said) for true, said in zip(*columns, strict=True)]))


def _mean_recall(truth: Array, guess: Array) -> float:
    return float(np.mean([np.mean(guess[truth == name] == name) for name in np.unique(truth)]))


def _worth(truth: Array) -> float:
    """Rows of even classes whose accuracy has the variance of this balanced accuracy.

    Of K classes with n rows each the mean recall of a guess has variance p (1 - p) / K² · Σ 1/n, that of
    an accuracy p (1 - p) / N.
    """
    columns = truth.reshape(len(truth), -1).T
    counts = [np.unique(column, return_counts=True)[1] for column in columns]
    return float(min(len(count) ** 2 / np.sum(1.0 / count) for count in counts))


def r2(truth: Array, guess: Array) -> float:
    """Coefficient of determination, the mean over the columns; a constant column is left out."""
    left = ((truth - guess) ** 2).sum(axis=0)
    whole = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    moving = whole > 0
    return float(np.mean(1 - left[moving] / whole[moving])) if moving.any() else float("nan")


SCORES = {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy, "r2": r2}


def _linear(kind: str, train: Array, target: Array, *, balanced: bool) -> list[Any]:
    """Ridge, or one logistic regression, or one per label."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if kind == "numbers":
        return [make_pipeline(StandardScaler(), Ridge()).fit(train, target)]
    weight = "balanced" if balanced else None
    models: list[Any] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge matters little here
        for column in target.reshape(len(target), -1).T:
            if kind == "labels" and column.min() == column.max():
                models.append(DummyClassifier(strategy="most_frequent").fit(train, column))
                continue
            logistic = LogisticRegression(max_iter=MOST_ITERATIONS, class_weight=weight)
            models.append(make_pipeline(StandardScaler(), logistic).fit(train, column))
    return models


def _guesses(models: list[Any], inputs: Mapping[str, Array], reference: Mapping[str, Array]) -> Array:
    """What the only model says of every row, or (N, models)."""
    count = len(next(iter(inputs.values())))
    blocks = []
    for start in range(0, count, MOST_ROWS):
        part = {name: array[start : start + MOST_ROWS] for name, array in inputs.items()}
        features = _features(part, reference)
        said = [model.predict(features) for model in models]
        blocks.append(said[0] if len(said) == 1 else np.stack(said, axis=1))
    return np.concatenate(blocks)


def _features(inputs: Mapping[str, Array], reference: Mapping[str, Array]) -> Array:
    """One flat row of numbers per example; one-hot columns as the reference has them."""
    parts: list[Array] = []
    if "numbers" in inputs:
        parts.append(inputs["numbers"])
    if "categories" in inputs:
        parts.append(_one_hot(inputs["categories"], reference["categories"]))
    if "pixels" in inputs:
        parts.append(pooled(inputs["pixels"]))
    if "series" in inputs:
        parts.append(summary(inputs["series"], inputs["lengths"]))
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


def pooled(pixels: Array) -> Array:
    """(N, C, H, W) averaged over squares until at most `MOST_PIXELS` numbers are left."""
    starts = range(0, len(pixels), BLOCK_ROWS)
    return np.concatenate([_pooled_block(pixels[start : start + BLOCK_ROWS]) for start in starts])


def _pooled_block(pixels: Array) -> Array:
    images = pixels.astype(np.float32)
    while images[0].size > MOST_PIXELS and min(images.shape[2:]) > 1:
        height, width = (length // 2 * 2 for length in images.shape[2:])
        cut = images[:, :, :height, :width]
        images = cut.reshape(*cut.shape[:2], height // 2, 2, width // 2, 2).mean(axis=(3, 5))
    return images.reshape(len(images), -1)


def summary(series: Array, lengths: Array) -> Array:
    """Mean, spread, least, greatest, first and last value of every feature, and the length."""
    lengths = np.maximum(lengths, 1)
    inside = np.arange(series.shape[1]) < lengths[:, None]
    masked = np.where(inside[..., None], series, np.nan)
    last = series[np.arange(len(series)), lengths - 1]
    parts = [np.nanmean(masked, 1), np.nanstd(masked, 1), np.nanmin(masked, 1), np.nanmax(masked, 1)]
    return np.concatenate([*parts, series[:, 0], last, lengths[:, None]], axis=1)


def _words(tokens: Array, reference: Array) -> Array:
    """Which of the most frequent words stand in a text."""
    width = min(int(reference.max(initial=0)) + 1, MOST_FEATURES)
    found = np.zeros((len(tokens), width), np.float32)
    rows, _ = np.nonzero((tokens > 0) & (tokens < width))
    found[rows, tokens[(tokens > 0) & (tokens < width)]] = 1
    return found
