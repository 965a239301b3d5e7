"""Neural additive model: one small net per column, their outputs added. First layers are exp-centred units, whose
weights enter through an exponential, are drawn around 2 and end in a ReLU capped at one."""

import os

import numpy as np
import torch
import torch.nn as nn


class ExpUnits(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.log_slope = nn.Parameter(torch.empty(1, units).normal_(2.0, 0.5))
        self.centre = nn.Parameter(torch.empty(1, units).uniform_(0.0, 1.0))

    def forward(self, x):
        return torch.clamp((x - self.centre) * self.log_slope.exp(), 0.0, 1.0)


class Additive(nn.Module):
    def __init__(self, columns, units=24):
        super().__init__()
        self.shapes = nn.ModuleList(
            nn.Sequential(ExpUnits(units), nn.Linear(units, 8), nn.ReLU(), nn.Linear(8, 1, bias=False))
            for _ in range(columns)
        )
        self.offset = nn.Parameter(torch.zeros(1))
        self.whole_column = nn.Dropout(0.1)

    def forward(self, x):
        parts = torch.cat([shape(x[:, j : j + 1]) for j, shape in enumerate(self.shapes)], 1)
        return self.whole_column(parts).sum(1) + self.offset, parts


def parcels(n, rng):
    """Was the parcel late? Six columns in [0, 1], each with steps and bumps of its own."""
    u = rng.random((n, 6))
    score = 4.0 * ((u[:, 0] > 0.3) & (u[:, 0] < 0.7)) + 3.0 * np.sin(9 * u[:, 1]) - 4.0 * (u[:, 2] > 0.8)
    score += 5.0 * np.abs(u[:, 3] - 0.5) + 2.0 * u[:, 4] - 3.0
    late = rng.random(n) < 1 / (1 + np.exp(-1.5 * score))
    return torch.tensor(u, dtype=torch.float32), torch.tensor(late, dtype=torch.float32)


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    x, t = parcels(1500, np.random.default_rng(31))
    x_te, t_te = parcels(600, np.random.default_rng(32))
    net = Additive(x.shape[1])
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3, weight_decay=1e-4)
    for epoch in range(10):
        net.train()
        for idx in torch.randperm(len(x)).split(32):
            logit, parts = net(x[idx])
            loss = nn.functional.binary_cross_entropy_with_logits(logit, t[idx])
            loss = loss + 0.01 * parts.square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 3 == 0:
            print(f"epoch {epoch} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        for name, data, truth in (("train", x, t), ("test", x_te, t_te)):
            logit, _ = net(data)
            nll = nn.functional.binary_cross_entropy_with_logits(logit, truth)
            print(f"{name} log loss {nll.item():.4f}")
            print(f"{name} accuracy {((logit > 0) == (truth > 0)).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
