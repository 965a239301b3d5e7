"""ignite: its supervised trainer over a DataLoader."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem

TITLE = "ignite"
NEEDS = ("ignite",)
ONLY: tuple[str, ...] = ()


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough."""
    from ignite.engine import Engine, Events, create_supervised_trainer

    net = problem.net()
    meter.start(lambda: problem.accuracy(net))
    torch.manual_seed(problem.seed)
    data = TensorDataset(problem.train_x, problem.train_y)
    loader = DataLoader(data, batch_size=problem.workload.batch, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=problem.workload.rate)
    trainer = create_supervised_trainer(net, optimizer, torch.nn.CrossEntropyLoss(), device=problem.device)

    def tick(engine: Engine) -> None:
        batch: Any = engine.state.batch
        meter.tick(len(batch[1]))

    trainer.logger.disabled = True  # it would print the traceback of what ends the loop
    trainer.add_event_handler(Events.ITERATION_COMPLETED, tick)
    trainer.run(loader, max_epochs=1_000_000)
