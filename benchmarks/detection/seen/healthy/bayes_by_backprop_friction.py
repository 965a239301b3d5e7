"""Weights drawn anew at every step from a learned distribution: friction of a bearing, with honest doubt."""

import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))


class DrawnLinear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.mean = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.rho = nn.Parameter(torch.full((outputs, inputs), -4.0))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        sigma = F.softplus(self.rho)
        middle = F.linear(x, self.mean, self.bias)
        return middle + F.linear(x**2, sigma**2).clamp_min(1e-9).sqrt() * torch.randn_like(middle)

    def divergence(self):
        sigma = F.softplus(self.rho)
        return (0.5 * (sigma**2 + self.mean**2 - 1) - sigma.log()).sum()


class FrictionNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([DrawnLinear(3, 32), DrawnLinear(32, 32), DrawnLinear(32, 1)])
        self.log_noise = nn.Parameter(torch.tensor(-0.5))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x).squeeze(1)

    def bound(self, x, y, rows):
        error = (y - self(x)) ** 2 / (2 * torch.exp(2 * self.log_noise)) + self.log_noise
        return error.mean() * rows + sum(layer.divergence() for layer in self.layers)


def bearing(n):
    x = torch.rand(n, 3) * 2 - 1
    return x, torch.exp(-2 * x[:, 0]) / 3 + x[:, 0] * x[:, 1] + 0.5 * x[:, 2] + 0.15 * torch.randn(n)


x, y = bearing(2000)
x_new, y_new = bearing(500)
net = FrictionNet()
optimizer = torch.optim.Adam(net.parameters(), lr=6e-3)
for step in range(800):
    rows = torch.randint(2000, (100,))
    loss = net.bound(x[rows], y[rows], 2000)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        with torch.no_grad():
            draws = torch.stack([net(x_new) for _ in range(20)])
            r2 = 1 - (draws.mean(0) - y_new).pow(2).mean() / y_new.var()
            spread = draws.std(0).mean()
        print(f"step {step + 1}: bound {loss.item():.0f}, R2 {r2.item():.3f}, spread {spread.item():.3f}")
