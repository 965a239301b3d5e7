"""Every signal that some rule reads is really recorded by a watched run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import gradwise
from gradwise.rules.collection import all_rules

ELSEWHERE = {"sync_calls"}  # recorded on accelerators only; tests/watch stands in for one
READ = sorted(
    {name for rule in all_rules().values() for name in rule.declaration.reads if ":" not in name} - ELSEWHERE
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the signals of short runs: a classifier, a regression behind a sigmoid, a recurrent net."""
    folder = tmp_path_factory.mktemp("runs")
    torch.manual_seed(0)
    x = torch.randn(128, 6)
    uneven = torch.bucketize(torch.arange(128), torch.tensor([100, 120]), right=True)  # a class has 8 rows
    return (
        _recurrent(folder / "series", x)
        | _train(folder / "classes", nn.CrossEntropyLoss(), nn.Linear(8, 3), x, uneven)
        | _train(
            folder / "numbers", nn.MSELoss(), nn.Sequential(nn.Linear(8, 1), nn.Sigmoid()), x, 3 * x[:, :1]
        )
    )


def _recurrent(folder: Path, x: torch.Tensor) -> set[str]:
    model = nn.GRU(1, 4, batch_first=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with gradwise.watch(model, optimizer, out=folder):
        for _ in range(3):
            optimizer.zero_grad()
            model(x.repeat(1, 2)[..., None])[0][:, -1].square().mean().backward()
            optimizer.step()
    return {*gradwise.read_run(folder).trace.tables}


def _train(folder: Path, criterion: nn.Module, head: nn.Module, x: torch.Tensor, y: torch.Tensor) -> set[str]:
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), head)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, weight_decay=1e-4)
    loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)
    with gradwise.watch(model, optimizer, out=folder):
        for _ in range(6):
            model.train()
            for batch, target in loader:
                optimizer.zero_grad()
                criterion(model(batch), target).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            model.eval()
            with torch.no_grad():
                criterion(model(x), y)
    trace = gradwise.read_run(folder).trace
    return {*trace.series, *trace.tables}


@pytest.mark.parametrize("signal", READ)
def test_signal_is_recorded(signal: str, recorded: set[str]) -> None:
    assert signal in recorded
