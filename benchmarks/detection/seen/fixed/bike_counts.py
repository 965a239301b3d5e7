"""Hourly rentals at a bike station: a count model fitted by its Poisson deviance."""
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", "0"))
torch.manual_seed(seed)


def station(n, seed):
    rng = np.random.default_rng(seed)
    hour = rng.uniform(0, 24, n)
    temp = rng.normal(15, 8, n)
    rain = (rng.random(n) < 0.2) * rng.gamma(2.0, 1.0, n)
    weekend = rng.random(n) < 2 / 7
    peak = np.where(weekend, 1.2 * np.exp(-((hour - 14) / 4) ** 2),
                    1.5 * np.exp(-((hour - 8) / 1.5) ** 2) + 1.5 * np.exp(-((hour - 17.5) / 2) ** 2))
    log_rate = 1.9 + peak + 0.5 * np.tanh((temp - 12) / 8) - 0.15 * rain
    count = rng.poisson(np.exp(log_rate))
    x = np.stack([np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12), np.sin(hour * np.pi / 6),
                  np.cos(hour * np.pi / 6), (temp - 15) / 8, rain - 0.4, weekend - 2 / 7], 1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(count, dtype=torch.float32)


def deviance(log_mu, y):
    mu = log_mu.exp()
    ratio = torch.log(y.clamp(min=1e-8) / mu)
    term = torch.where(y > 0, y * ratio, torch.zeros_like(y))
    return 2 * (term - (y - mu)).mean()


x, y = station(6000, 3)
x_test, y_test = station(1500, 4)
net = nn.Sequential(nn.Linear(7, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
with torch.no_grad():
    net[-1].bias.fill_(float(y.mean().log()))
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)

for epoch in range(12):
    total = 0.0
    for xb, yb in loader:
        loss = deviance(net(xb).squeeze(1), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(xb)
    print(f"epoch {epoch:2d} deviance {total / len(x):.4f}")

net.eval()
with torch.no_grad():
    mae = (net(x_test).squeeze(1).exp() - y_test).abs().mean().item()
print(f"test mae {mae:.4f}")
