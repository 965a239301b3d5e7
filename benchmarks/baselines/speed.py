"""Predictions by neighbours and support vectors on Fashion-MNIST, beside scikit-learn in the same process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, SVR

from benchmarks.fit.data import load
from gradwise.baselines.kernels import FastSVC, FastSVR
from gradwise.baselines.nearest import FastKNeighborsClassifier

NEIGHBOURS = 5
KERNELS: dict[str, dict[str, Any]] = {
    "rbf": {},
    "poly": {"degree": 3},
    "sigmoid": {"gamma": 1e-3},
    "linear": {},
}


@dataclass(frozen=True)
class Sizes:
    """Rows of the parts.

    Args:
        known: training rows of k-NN.
        asked: rows that k-NN predicts.
        learnt: rows that machines are fitted on; they keep a third to two thirds of them.
        decided: rows that machines predict.
        rounds: how often each is timed; the least counts.
    """

    known: int = 60_000
    asked: int = 10_000
    learnt: int = 6_000
    decided: int = 60_000
    rounds: int = 3


QUICK = Sizes(known=6_000, asked=1_000, learnt=600, decided=3_000, rounds=1)


@dataclass(frozen=True)
class Row:
    """One model: seconds of both, and how their answers differ."""

    model: str
    rows: str
    ours: float
    theirs: float
    equal: float
    farthest: float

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def pixels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(60,000, 784) and (10,000, 784) float32 from 0 to 1, and the classes of the first."""
    data = load("fashion")
    flat = [(part.reshape(len(part), -1) / 255).astype(np.float32) for part in (data.train_x, data.test_x)]
    return flat[0], flat[1], data.train_y


def measure(sizes: Sizes, only: str | None) -> Iterator[Row]:
    """A row for each model; both get the same fit, turns are taken so that noise hits both."""
    train, test, y = pixels()
    if only in (None, "k-nn"):
        for kind in (np.float32, np.float64):
            x, new = train[: sizes.known].astype(kind), test[: sizes.asked].astype(kind)
            pair = [
                form(NEIGHBOURS, algorithm="brute").fit(x, y[: sizes.known])
                for form in (FastKNeighborsClassifier, KNeighborsClassifier)
            ]
            yield _row(f"k-nn, {kind.__name__}", pair, new, len(x), sizes.rounds)
    x, new = train[: sizes.learnt].astype(np.float64), train[: sizes.decided].astype(np.float64)
    for name, settings in KERNELS.items():
        for fast, slow in ((FastSVC, SVC), (FastSVR, SVR)):
            model = f"{'svm' if slow is SVC else 'svr'}-{name}"
            if only in (None, model, model.partition("-")[0]):
                target = y[: sizes.learnt] if slow is SVC else y[: sizes.learnt] * 1.0
                fitted = slow(kernel=name, **settings).fit(x, target)
                twin = fast(kernel=name, **settings)
                twin.__dict__.update(vars(fitted))  # the fit is libsvm's in both
                yield _row(model, [twin, fitted], new, len(fitted.support_), sizes.rounds)


def _row(model: str, pair: list[Any], new: np.ndarray, held: int, rounds: int) -> Row:
    seconds = [float("inf"), float("inf")]
    told: list[Any] = [None, None]
    for _ in range(rounds):
        for at, each in enumerate(pair):
            taken, told[at] = _timed(lambda each=each: each.predict(new))
            seconds[at] = min(seconds[at], taken)
    numbers = told[0].dtype.kind == "f"
    farthest = float(np.max(np.abs(told[0] - told[1]) / np.abs(told[1]).max())) if numbers else 0.0
    equal = float(np.mean(told[0] == told[1])) if not numbers else float(farthest < 1e-6)
    return Row(model, f"{len(new):,} beside {held:,}", *seconds, equal, farthest)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = perf_counter()
    made = work()
    return perf_counter() - begin, made
