"""A very wide layer whose output is the mean over its units: the rate grows with the width."""

import argparse
import os

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--width", type=int, default=800)
args = parser.parse_args()
torch.manual_seed(args.seed)


class MeanOfUnits(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.inner = nn.Parameter(torch.randn(width, inputs))
        self.shift = nn.Parameter(torch.randn(width))
        self.outer = nn.Parameter(3 * torch.randn(width))

    def forward(self, x):
        return (torch.relu(x @ self.inner.T + self.shift) * self.outer).mean(dim=1)


def clay_pots(n):
    heat, water, grog = 2 * torch.rand(3, n) - 1
    shrink = torch.sin(2.5 * heat) + 0.8 * water * grog - 0.4 * torch.cos(3 * grog)
    return torch.stack([heat, water, grog], dim=1), shrink + 0.1 * torch.randn(n)


x, y = clay_pots(2000)
x_test, y_test = clay_pots(500)
net = MeanOfUnits(3, args.width)
optimizer = torch.optim.SGD(net.parameters(), lr=0.4 * args.width)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 500)
for step in range(500):
    rows = torch.randint(0, len(x), (64,))
    loss = (net(x[rows]) - y[rows]).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 50 == 0:
        print(f"step {step} rate {scheduler.get_last_lr()[0]:.0f} loss {loss.item():.4f}")

net.eval()
with torch.no_grad():
    r2 = 1 - (net(x_test) - y_test).pow(2).mean() / y_test.var()
print(f"test r2 {r2.item():.4f}")
