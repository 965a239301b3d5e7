"""Keras 3 on its torch backend: the same torch net in a TorchModuleWrapper, ``compile`` and ``fit``."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem

TITLE = "Keras 3 on torch"
NEEDS = ("keras",)
ONLY: tuple[str, ...] = ()


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    class Ticks(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            left = count - batch * problem.workload.batch
            meter.tick(min(problem.workload.batch, left))

    count = len(problem.train_y)
    net = problem.net()
    meter.start(lambda: problem.accuracy(net))
    keras.utils.set_random_seed(problem.seed)
    model = keras.Sequential([keras.layers.TorchModuleWrapper(net)])
    model.compile(
        optimizer=keras.optimizers.Adam(problem.workload.rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(
        problem.train_x.numpy(),
        problem.train_y.numpy(),
        batch_size=problem.workload.batch,
        epochs=1_000_000,
        shuffle=True,
        verbose=0,
        callbacks=[Ticks()],
    )
