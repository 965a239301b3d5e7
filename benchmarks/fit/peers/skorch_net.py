"""skorch: a NeuralNetClassifier without validation split and without printing, in its favour."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem

TITLE = "skorch"
NEEDS = ("skorch",)
ONLY: tuple[str, ...] = ()


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough."""
    from skorch import NeuralNetClassifier
    from skorch.callbacks import Callback

    class Ticks(Callback):
        def on_batch_end(self, net: Any, batch: Any = None, training: bool = False, **_: Any) -> None:
            meter.tick(len(batch[1]))

    net = problem.net()
    meter.start(lambda: problem.accuracy(net))
    torch.manual_seed(problem.seed)
    model = NeuralNetClassifier(
        net,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=problem.workload.rate,
        batch_size=problem.workload.batch,
        max_epochs=1_000_000,
        iterator_train__shuffle=True,
        train_split=None,
        classes=list(range(problem.arrays.classes)),
        callbacks=[("ticks", Ticks())],
        verbose=0,
        device=problem.device.type,
    )
    model.fit(problem.train_x, problem.train_y)
