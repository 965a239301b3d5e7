"""Solve a damped oscillator's equation with a network (residual loss on a fixed grid)."""
import argparse

import torch
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
torch.manual_seed(ap.parse_args().seed)

DAMPING, OMEGA = 0.3, 3.0
grid = torch.linspace(0, 3, 96).unsqueeze(1).requires_grad_(True)
net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


def motion(t):
    """Satisfies x(0) = 1 and x'(0) = 0 by construction."""
    return 1 + t ** 2 * net(t / 1.5 - 1)


def derivative(f, t):
    return torch.autograd.grad(f.sum(), t, create_graph=True)[0]


def exact(t):
    w = (OMEGA ** 2 - DAMPING ** 2) ** 0.5
    return torch.exp(-DAMPING * t) * (torch.cos(w * t) + DAMPING / w * torch.sin(w * t))


optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=1400, eta_min=1e-5)
for step in range(1400):
    x = motion(grid)
    v = derivative(x, grid)
    residual = derivative(v, grid) + 2 * DAMPING * v + OMEGA ** 2 * x
    loss = (residual / OMEGA ** 2).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 200 == 0:
        print(step, f"{loss.item():.3e}")

with torch.no_grad():
    t = torch.rand(400, 1) * 3
    print(f"relative error {((motion(t) - exact(t)).norm() / exact(t).norm()).item():.4f}")
