"""Every signal that some rule reads is really recorded by a watched run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import gradwise
from gradwise.rules.collection import all_rules

READ = sorted({name for rule in all_rules().values() for name in rule.declaration.reads if ":" not in name})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the signals of two short runs, a classifier and a regression behind a sigmoid."""
    folder = tmp_path_factory.mktemp("runs")
    torch.manual_seed(0)
    x = torch.randn(64, 6)
    return _train(
        folder / "classes", nn.CrossEntropyLoss(), nn.Linear(8, 3), x, torch.arange(64) % 3
    ) | _train(
        folder / "numbers", nn.MSELoss(), nn.Sequential(nn.Linear(8, 1), nn.Sigmoid()), x, 3 * x[:, :1]
    )


def _train(folder: Path, criterion: nn.Module, head: nn.Module, x: torch.Tensor, y: torch.Tensor) -> set[str]:
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), head)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
    with gradwise.watch(model, optimizer, out=folder):
        for _ in range(6):
            model.train()
            for batch, target in loader:
                optimizer.zero_grad()
                criterion(model(batch), target).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                criterion(model(x), y)
    trace = gradwise.read_run(folder).trace
    return {*trace.series, *trace.tables}


@pytest.mark.parametrize("signal", READ)
def test_signal_is_recorded(signal: str, recorded: set[str]) -> None:
    assert signal in recorded
