"""PyTorch Lightning: a LightningModule, its Trainer; logger, checkpoints and progress bar off in its favour."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem

TITLE = "Lightning"
NEEDS = ("pytorch_lightning",)
ONLY: tuple[str, ...] = ()


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough."""
    import pytorch_lightning as pl

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    net = problem.net()

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            x, y = batch
            return F.cross_entropy(self.net(x), y)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=problem.workload.rate)

    class Ticks(pl.Callback):
        def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, index: int) -> None:
            meter.tick(len(batch[1]))

    meter.start(lambda: problem.accuracy(net))
    pl.seed_everything(problem.seed, verbose=False)
    data = TensorDataset(problem.train_x, problem.train_y)
    loader = DataLoader(data, batch_size=problem.workload.batch, shuffle=True)
    trainer = pl.Trainer(
        max_epochs=-1,
        accelerator="gpu" if problem.device.type == "cuda" else "cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[Ticks()],
    )
    trainer.fit(Module(), loader)
