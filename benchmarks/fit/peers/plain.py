"""The loop of the tutorials: a DataLoader over a TensorDataset, Adam, the loss read at every step."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.fit.meter import Meter
from benchmarks.fit.workloads import Problem

TITLE = "plain loop, DataLoader"
NEEDS: tuple[str, ...] = ()
ONLY: tuple[str, ...] = ()


def train(problem: Problem, meter: Meter) -> None:
    """Train until the meter has seen enough."""
    net = problem.net()
    meter.start(lambda: problem.accuracy(net))
    torch.manual_seed(problem.seed)
    data = TensorDataset(problem.train_x, problem.train_y)
    loader = DataLoader(data, batch_size=problem.workload.batch, shuffle=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=problem.workload.rate)
    criterion = nn.CrossEntropyLoss()
    while True:
        running = 0.0
        for inputs, target in loader:
            x, y = inputs.to(problem.device), target.to(problem.device)
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item()
            meter.tick(len(y))
