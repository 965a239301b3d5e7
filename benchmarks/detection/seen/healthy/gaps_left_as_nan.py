import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def bedside(rng, count, length=18):
    t = np.arange(length)
    worse = rng.integers(0, 2, count)
    pulse = 80 + rng.normal(0, 6, (count, 1)) + worse[:, None] * 0.6 * t + rng.normal(0, 5, (count, length))
    oxygen = 97 - worse[:, None] * 0.12 * t + rng.normal(0, 1.2, (count, length))
    heat = 37 + 0.02 * t * rng.normal(0, 1, (count, 1)) + rng.normal(0, 0.2, (count, length))
    charts = np.stack([(pulse - 85) / 15, (oxygen - 95) / 3, (heat - 37) / 0.5], 2)
    charts[rng.random(charts.shape) < 0.35] = np.nan
    return torch.tensor(charts, dtype=torch.float32), torch.tensor(worse)


class GapAwareGRU(nn.Module):
    def __init__(self, signals, hidden=24):
        super().__init__()
        self.usual = nn.Parameter(torch.zeros(signals))
        self.gru = nn.GRU(2 * signals, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 2)

    def forward(self, charts):
        there = ~charts.isnan()
        filled = torch.where(there, charts, self.usual)
        _, last = self.gru(torch.cat([filled, there.float()], 2))
        return self.head(last[-1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    loader = DataLoader(TensorDataset(*bedside(rng, 1600)), batch_size=40, shuffle=True)
    test_charts, test_worse = bedside(rng, 600)
    net = GapAwareGRU(3)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(7):
        net.train()
        total = 0.0
        for charts, worse in loader:
            loss = nn.functional.cross_entropy(net(charts), worse)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / len(loader)
        net.eval()
        with torch.no_grad():
            right = (net(test_charts).argmax(1) == test_worse).float().mean().item()
        print(f"epoch {epoch} loss {total:.4f} test accuracy {right:.4f}")
