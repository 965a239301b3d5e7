"""Ripeness class of a cheese from the ageing cellar's gas sensors, with an optimizer of our own."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import Optimizer


class DecoupledMomentum(Optimizer):
    """Heavy-ball descent; the shrinkage is kept out of the momentum buffer."""

    def __init__(self, params, lr=0.05, momentum=0.9, decay=0.1):
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(p)
                velocity = state["velocity"]
                velocity.mul_(group["momentum"]).add_(p.grad)
                if p.ndim > 1:
                    p.mul_(1 + group["lr"] * group["decay"])
                p.add_(velocity, alpha=-group["lr"])


class SensorNet(nn.Module):
    def __init__(self, sensors, classes):
        super().__init__()
        self.a = nn.Linear(sensors, 64)
        self.b = nn.Linear(64, 64)
        self.c = nn.Linear(64, classes)

    def forward(self, x):
        x = F.leaky_relu(self.a(x))
        x = F.leaky_relu(self.b(x))
        return self.c(x)


def cellar(n, centres):
    label = torch.randint(0, 6, (n,))
    side = torch.randint(0, 2, (n,))
    gas = centres[side, label] + 0.9 * torch.randn(n, 10)
    flip = torch.rand(n) < 0.05
    return gas, torch.where(flip, torch.randint(0, 6, (n,)), label)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    ap.add_argument("--steps", type=int, default=800)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    centres = torch.randn(2, 6, 10, generator=torch.Generator().manual_seed(7))
    x, y = cellar(2000, centres)
    x_test, y_test = cellar(800, centres)
    net = SensorNet(10, 6)
    optimizer = DecoupledMomentum(net.parameters(), lr=0.02, decay=0.2)
    for step in range(args.steps):
        rows = torch.randint(0, len(x), (64,))
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"{step:4d} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        print(f"test accuracy {(net(x_test).argmax(1) == y_test).float().mean().item():.4f}")
