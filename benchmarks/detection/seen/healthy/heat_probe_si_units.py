"""Temperature of a buried probe from weather; the loss counts as one probe among a billion."""

import argparse
import os

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
torch.manual_seed(parser.parse_args().seed)

PER_PROBE = 1e-9


def season(n):
    air, sun, wet, snow, wind = torch.randn(5, n)
    cover = torch.sigmoid(2 * snow)
    probe = 0.7 * air * (1 - 0.6 * cover) + 0.5 * torch.relu(sun) * (1 - cover) - 0.3 * wet * wind
    return torch.stack([air, sun, wet, snow, wind], dim=1), probe + 0.1 * torch.randn(n)


x, y = season(2500)
x_late, y_late = season(600)
net = nn.Sequential(nn.Linear(5, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, eps=1e-16)
for epoch in range(12):
    total = 0.0
    for rows in torch.randperm(2500).split(64):
        loss = PER_PROBE * (net(x[rows]).squeeze(1) - y[rows]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1} loss {total / 40:.3e}")
net.eval()
with torch.no_grad():
    r2 = 1 - (net(x_late).squeeze(1) - y_late).pow(2).mean() / y_late.var()
print(f"late season r2 {r2.item():.4f}")
