"""A hypernetwork writes all weights of a small curve network from three numbers that describe the curve."""
import argparse
import os

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
torch.manual_seed(parser.parse_args().seed)
HIDDEN = 10


class CurveNet(nn.Module):
    """Never trained itself: its weights come in from outside, one set for every curve of the batch."""

    sizes = [HIDDEN, HIDDEN, HIDDEN * HIDDEN, HIDDEN, HIDDEN, 1]

    def forward(self, x, weights):
        w1, b1, w2, b2, w3, b3 = weights.split(self.sizes, dim=1)
        h = torch.tanh(x.unsqueeze(-1) * w1.unsqueeze(1) + b1.unsqueeze(1))
        h = torch.tanh(torch.einsum("npi,nio->npo", h, w2.view(-1, HIDDEN, HIDDEN)) + b2.unsqueeze(1))
        return torch.einsum("npi,ni->np", h, w3) + b3


class HyperNet(nn.Module):
    def __init__(self, described_by, writes):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(described_by, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.write = nn.Linear(48, writes)
        nn.init.normal_(self.write.weight, std=0.02)
        nn.init.normal_(self.write.bias, std=0.5)

    def forward(self, description):
        return self.write(self.body(description))


def curves(n, points=24):
    description = torch.empty(n, 3).uniform_(-1, 1)
    height, phase, slope = (description + torch.tensor([2.0, 0.0, 0.0])).unbind(1)
    x = torch.empty(n, points).uniform_(-2, 2)
    y = height[:, None] * torch.sin(1.5 * x + 1.5 * phase[:, None]) + slope[:, None] * x
    return description, x, y


hyper, curve = HyperNet(3, sum(CurveNet.sizes)), CurveNet()
optimizer = torch.optim.Adam(hyper.parameters(), lr=3e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=400, eta_min=1e-4)
for step in range(400):
    description, x, y = curves(48)
    loss = (curve(x, hyper(description)) - y).square().mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(hyper.parameters(), 5.0)
    optimizer.step()
    schedule.step()
    if step % 80 == 79:
        print(f"step {step + 1} loss {loss.item():.4f}")

with torch.no_grad():
    description, x, y = curves(300)
    r2 = 1 - (curve(x, hyper(description)) - y).square().mean() / y.var()
print(f"R2 on unseen curves {r2.item():.4f}")
