"""Generative moment matching: all pairs are compared on purpose."""
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def target(n):
    side = (torch.rand(n, 1) < 0.5).float() * 4 - 2
    return side + 0.4 * torch.randn(n, 1)


def kernel(a, b):
    d = (a - b.T) ** 2
    return sum(torch.exp(-d / (2 * s ** 2)) for s in (0.2, 0.5, 1.0, 2.0))


def mmd(a, b):
    return kernel(a, a).mean() + kernel(b, b).mean() - 2 * kernel(a, b).mean()


net = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
start = mmd(net(torch.randn(1000, 4)), target(1000)).item()
for step in range(1000):
    loss = mmd(net(torch.randn(128, 4)), target(128))
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(f"step {step}: mmd {loss.item():.4f}")
with torch.no_grad():
    print(f"final mmd {mmd(net(torch.randn(2000, 4)), target(2000)).item():.4f} (at start {start:.4f})")
