"""Height of a landscape from two coordinates, which first pass a fixed random layer of large weights."""

import os
import sys

import torch
import torch.nn as nn

seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class FourierCoordinates(nn.Module):
    def __init__(self, n_out, scale):
        super().__init__()
        self.frequencies = nn.Linear(2, n_out // 2, bias=False)
        nn.init.normal_(self.frequencies.weight, std=scale)
        self.frequencies.weight.requires_grad = False

    def forward(self, p):
        turn = self.frequencies(p)
        return torch.cat([torch.sin(turn), torch.cos(turn)], dim=1)


def height(p):
    out = torch.zeros(len(p))
    for k in range(14):
        g = torch.Generator().manual_seed(100 + k)
        wave = 7 * torch.randn(2, generator=g)
        phase = 6 * torch.rand(1, generator=g)
        out = out + torch.sin(p @ wave + phase) / (1 + 0.15 * wave.norm())
    ridge = torch.exp(-(((p[:, 0] - 0.4 * torch.sin(3 * p[:, 1])) / 0.12) ** 2))
    return out + 1.5 * ridge


points = torch.rand(5000, 2) * 2 - 1
z = height(points)
z = (z - z.mean()) / z.std()
measured = z + 0.1 * torch.randn_like(z)
net = nn.Sequential(FourierCoordinates(128, scale=8.0), nn.Linear(128, 96), nn.ReLU(), nn.Linear(96, 1))
optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=2e-3)
for step in range(700):
    rows = torch.randint(0, 4000, (128,))
    loss = (net(points[rows]).squeeze(1) - measured[rows]).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step} {loss.item():.4f}")
net.eval()
with torch.no_grad():
    rmse = (net(points[4000:]).squeeze(1) - z[4000:]).square().mean().sqrt().item()
print(f"rmse between the measured points {rmse:.4f} (spread 1)")
