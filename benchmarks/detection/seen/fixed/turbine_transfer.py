"""Carry a power-curve model over from one wind farm to another.

The encoder is trained on the old farm, then a new head is warmed up on the
new farm before the whole network is tuned there.
"""
import os
import argparse

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()


def farm(n, rng, site):
    x = rng.normal(size=(n, 8))
    wind = 8 + 3 * x[:, 0] + site["shear"] * x[:, 1]
    wake = np.exp(-((x[:, 2] - site["row"]) ** 2)) * site["wake"] * np.cos(site["turn"] * x[:, 3])
    y = 1 / (1 + np.exp(-(wind - 8) / 1.5)) - wake + site["ice"] * np.maximum(x[:, 4] * x[:, 5], 0)
    y = y + 0.03 * rng.normal(size=n)
    return torch.tensor(x, dtype=torch.float32), torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)[:, None]


rng = np.random.default_rng(8)
old = farm(2000, rng, dict(shear=0.2, row=0.0, wake=0.3, turn=0.5, ice=0.0))
new = farm(2000, rng, dict(shear=1.5, row=0.8, wake=0.7, turn=2.0, ice=0.3))
test = farm(1000, rng, dict(shear=1.5, row=0.8, wake=0.7, turn=2.0, ice=0.3))

torch.manual_seed(args.seed)


class PowerNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(8, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 24), nn.GELU())
        self.head = nn.Linear(24, 1)

    def forward(self, x):
        return self.head(self.encoder(x))


def epoch_of(net, opt, data):
    x, y = data
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(64):
        loss = nn.functional.mse_loss(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    return total / len(x)


net = PowerNet()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(8):
    loss = epoch_of(net, opt, old)
print(f"old farm loss {loss:.4f}")

net.head = nn.Linear(24, 1)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
net.encoder.requires_grad_(False)
for epoch in range(22):
    if epoch == 3:
        net.encoder.requires_grad_(True)
    loss = epoch_of(net, opt, new)
    if epoch % 5 == 0:
        print(f"new farm epoch {epoch} loss {loss:.4f}")

net.eval()
with torch.no_grad():
    rmse = nn.functional.mse_loss(net(test[0]), test[1]).sqrt().item()
print(f"test rmse {rmse:.4f}")
