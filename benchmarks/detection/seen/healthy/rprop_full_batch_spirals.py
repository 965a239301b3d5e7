"""Two spirals, all points at every step, resilient propagation: only the signs of the gradients count."""
import argparse
import math

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=500)
args = parser.parse_args()
torch.manual_seed(args.seed)


def spirals(n):
    arm = torch.arange(n) % 2
    r = torch.rand(n).sqrt()
    angle = 3.2 * math.pi * r + math.pi * arm
    xy = torch.stack([r * angle.cos(), r * angle.sin()], dim=1)
    return xy + 0.015 * torch.randn(n, 2), arm.float()


x, y = spirals(600)
x_test, y_test = spirals(400)
net = nn.Sequential(nn.Linear(2, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
optimizer = torch.optim.Rprop(net.parameters(), lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 1.0))

for step in range(args.steps):
    logits = net(x * 3).squeeze(1)
    loss = nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="sum")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: summed loss {loss.item():.3f}")

with torch.no_grad():
    hits = ((net(x_test * 3).squeeze(1) > 0).float() == y_test).float().mean()
print(f"test accuracy {hits.item():.4f}")
