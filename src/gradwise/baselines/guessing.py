"""The answer of whoever looks at no column: the most frequent class, or the mean; what all must beat."""

from __future__ import annotations

from typing import Any

from gradwise.baselines.baseline import CLASSES, NUMBERS, Baseline, Case


def build(case: Case) -> Any:
    """The most frequent class of the training rows, each label's more frequent value, or the mean."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    if case.kind == "numbers":
        return DummyRegressor()
    return DummyClassifier(strategy="most_frequent")


GUESSING = Baseline(
    "guessing", build, "the most frequent class, or the mean", (*CLASSES, *NUMBERS), blind=True, fit_power=0.0
)
