"""Heating demand of houses, with an error bar for each."""
import argparse
import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Houses(Dataset):
    def __init__(self, n, seed, stats=None):
        rng = np.random.default_rng(seed)
        area = rng.uniform(60, 250, n)
        glass = rng.uniform(0.05, 0.5, n)
        wall = rng.uniform(0.15, 1.2, n)
        outside = rng.normal(4, 6, n)
        people = rng.integers(1, 6, n)
        leak = rng.uniform(0.1, 1.0, n)
        loss = (wall * (1 - glass) + 1.6 * glass + 0.5 * leak) * np.sqrt(area) * 0.9
        demand = loss * np.maximum(19 - outside, 0) / 10 - 0.6 * people
        demand = demand + rng.normal(0, 0.3 + 0.03 * loss)
        x = np.stack([area, glass, wall, outside, people, leak], 1)
        if stats is None:
            stats = (x.mean(0), x.std(0), demand.mean(), demand.std())
        self.stats = stats
        self.x = torch.tensor((x - stats[0]) / stats[1], dtype=torch.float32)
        self.y = torch.tensor((demand - stats[2]) / stats[3], dtype=torch.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Demand(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh())
        self.mu = nn.Linear(width, 1)
        self.log_var = nn.Linear(width, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mu(h), self.log_var(h).clamp(-8, 4)


def gaussian_nll(mu, log_var, y):
    return 0.5 * (log_var + (y - mu) ** 2 / log_var.exp() + math.log(2 * math.pi)).mean()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--epochs", type=int, default=18)
    args = ap.parse_args()
    train = Houses(2000, 1)
    test = Houses(800, 2, train.stats)
    torch.manual_seed(args.seed)
    loader = DataLoader(train, batch_size=64, shuffle=True)
    model = Demand()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(args.epochs):
        model.train()
        for x, y in loader:
            mu, log_var = model(x)
            loss = gaussian_nll(mu, log_var, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch} nll {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        mu, _ = model(test.x)
        rmse = ((mu.flatten() - test.y) ** 2).mean().sqrt().item() * float(train.stats[3])
    print(f"test rmse {rmse:.4f}")
