"""Scores of `gradwise baselines` beside a plain script of scikit-learn with the same folds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from gradwise import baselines

CLASSES: dict[str, Any] = {
    "logistic-regression:c=1": LogisticRegression(max_iter=1000),
    "perceptron:alpha=0": Perceptron(),
    "naive-bayes:smoothing=1e-9": GaussianNB(),
    "k-nn:k=5": KNeighborsClassifier(5),
    "svm-linear:c=1": SVC(kernel="linear"),
    "svm-rbf:c=1,gamma=scale": SVC(),
}
NUMBERS: dict[str, Any] = {
    "linear-regression": LinearRegression(),
    "ridge:alpha=1": Ridge(),
    "k-nn:k=9": KNeighborsRegressor(9),
}
SETS = {
    "wine": (load_wine, CLASSES),
    "cancer": (load_breast_cancer, CLASSES),
    "digits": (load_digits, CLASSES),
    "diabetes": (load_diabetes, NUMBERS),
}


@dataclass(frozen=True)
class Score:
    """Mean over five folds, of accuracy or R²."""

    data: str
    model: str
    ours: float
    theirs: float

    @property
    def same(self) -> bool:
        return abs(self.ours - self.theirs) < 1e-9


def measure() -> Iterator[Score]:
    for name, (reader, models) in SETS.items():
        bunch = reader()
        form = StratifiedKFold if models is CLASSES else KFold
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "data.npz"
            np.savez(file, x=bunch.data, y=bunch.target)
            task = "classes" if models is CLASSES else "numbers"
            for model, plain in models.items():
                made = baselines.compare(file, only=model, task=task, seconds=600)
                entry = next(each for each in made.entries if each.name == model)
                folds = form(5, shuffle=True, random_state=0)
                pipe = make_pipeline(StandardScaler(), plain)
                theirs = cross_val_score(pipe, bunch.data, bunch.target, cv=folds)
                yield Score(name, model, float(np.mean(entry.scores)), float(theirs.mean()))
