"""scikit-learn's MLPClassifier: same layers, batch and rate; its own initial weights, single logistic output."""

from __future__ import annotations

import numpy as np

from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem

TITLE = "scikit-learn MLPClassifier"
NEEDS = ("sklearn",)
ONLY = ("adult",)
HIDDEN = (64, 64)  # of benchmarks.fit.nets.mlp


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough; ``partial_fit`` takes the rows between two accuracy checks."""
    from sklearn.neural_network import MLPClassifier

    work = problem.workload
    model = MLPClassifier(
        HIDDEN, batch_size=work.batch, learning_rate_init=work.rate, alpha=0.0, random_state=problem.seed
    )
    x, y = problem.train_x.numpy(), problem.train_y.numpy()
    test_x, test_y = problem.test_x.numpy(), problem.test_y.numpy()
    classes, random = np.arange(problem.arrays.classes), np.random.default_rng(problem.seed)
    meter.start(lambda: float(model.score(test_x, test_y)))
    while True:
        order = random.permutation(len(y))
        for start in range(0, len(y), work.check_rows):
            rows = order[start : start + work.check_rows]
            if len(rows) >= work.batch:  # a call with fewer rows than a batch is warned about
                model.partial_fit(x[rows], y[rows], classes=classes)
                meter.tick(len(rows))
