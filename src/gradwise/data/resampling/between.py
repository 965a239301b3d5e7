"""Rows made between others, class by class: what SMOTE and its kin share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradwise.data.examples import Array
from gradwise.data.resampling.resampler import Made, Rows

Sampler = Callable[[int, int], Any]  # class and rows wanted of it -> what imbalanced-learn calls a sampler


def make_between(rows: Rows, wanted: Mapping[int, int], sampler: Sampler) -> tuple[Array, Array, list[str]]:
    """New rows of numbers for each class that grows.

    A class of which the method can make nothing stays as it is, and a note says so.

    Args:
        rows: of ``numbers`` alone.
        wanted: rows of every class that grows.
        sampler: makes the sampler for one class.

    Returns:
        (S, D) float32 numbers, (S,) int64 classes, and the names of classes that stayed.
    """
    numbers = np.ascontiguousarray(rows.inputs["numbers"])
    made, classes, stayed = [numbers[:0]], [rows.target[:0]], []
    for place, count in wanted.items():
        try:
            grown, target = sampler(place, count).fit_resample(numbers, rows.target)
        except (RuntimeError, ValueError) as error:  # ADASYN's words where it has nothing to go by
            if not _has_no_border(error):
                raise
            grown, target = numbers, rows.target
        made.append(grown[len(numbers) :].astype(np.float32, copy=False))
        classes.append(target[len(numbers) :].astype(np.int64, copy=False))
        if len(grown) == len(numbers):
            stayed.append(rows.classes[place])
    return snapped(np.concatenate(made), numbers), np.concatenate(classes), stayed


def _has_no_border(error: Exception) -> bool:
    return "belong to the majority" in str(error) or "No samples will be generated" in str(error)


def snapped(made: Array, numbers: Array) -> Array:
    """``made`` (S, D) with columns that hold two values in ``numbers`` (N, D) set to the nearer of the two.

    Flags and marks of gaps are such columns: half a flag is nothing that a net will ever meet.

    >>> snapped(np.array([[0.2, 0.2], [0.7, 0.7]]), np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 3.0]])).tolist()
    [[0.0, 0.2], [1.0, 0.7]]
    """
    if not len(made):
        return made
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    two = ((numbers == low) | (numbers == high)).all(axis=0) & (low < high)
    nearer = np.where(made - low < high - made, low, high)
    return np.where(two, nearer, made)


def as_made(rows: Rows, numbers: Array, target: Array, notes: list[str]) -> Made:
    """All rows as they are, and these new ones of numbers behind them."""
    inputs = {"numbers": numbers}
    if "categories" in rows.inputs:
        inputs["categories"] = np.zeros((len(numbers), 0), np.int64)
    return Made(np.arange(len(rows.target)), inputs, target, tuple(notes))


def has_categories(rows: Rows) -> bool:
    """Whether there is a column of categories."""
    return "categories" in rows.inputs and rows.inputs["categories"].shape[1] > 0
