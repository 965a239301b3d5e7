"""Positions of an unknown number of rafts from sonar rings, predicted as a set and matched by assignment."""

import os

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
SLOTS, GRID = 4, 9
centres = torch.stack(
    torch.meshgrid(torch.linspace(-1, 1, GRID), torch.linspace(-1, 1, GRID), indexing="ij"), dim=-1
).flatten(0, 1)


def harbour(n):
    count = torch.randint(1, 4, (n,))
    where = torch.rand(n, 3, 2) * 1.6 - 0.8
    there = torch.arange(3) < count[:, None]
    distance = (where[:, :, None] - centres).pow(2).sum(-1)
    echo = (torch.exp(-distance / 0.08) * there[..., None]).sum(1)
    return echo + 0.05 * torch.randn_like(echo), where, there


class SetNet(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.ear = nn.Sequential(
            nn.Linear(GRID * GRID, width), nn.GELU(), nn.LayerNorm(width), nn.Linear(width, width), nn.GELU()
        )
        self.slots = nn.Linear(width, SLOTS * 3)

    def forward(self, echo):
        out = self.slots(self.ear(echo)).unflatten(1, (SLOTS, 3))
        return out[..., :2], out[..., 2]


def assign(points, logits, where, there):
    pairs = []
    for p, e, w, t in zip(points, logits, where, there, strict=True):
        cost = torch.cdist(p, w[t]) - e.sigmoid()[:, None]
        pairs.append(linear_sum_assignment(cost.numpy()))
    return pairs


def set_loss(points, logits, where, there):
    pairs = assign(points.detach(), logits.detach(), where, there)
    wanted = torch.zeros_like(logits)
    distance = points.new_zeros(())
    total = 0
    for i, (slots, targets) in enumerate(pairs):
        wanted[i, slots] = 1.0
        distance = distance + (points[i, slots] - where[i, : len(targets)][targets]).abs().sum()
        total += len(slots)
    return 2 * distance / total + F.binary_cross_entropy_with_logits(logits, wanted)


net = SetNet()
optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=400)
for step in range(400):
    echo, where, there = harbour(24)
    loss = set_loss(*net(echo), where, there)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimizer.step()
    scheduler.step()
    if step % 50 == 49:
        print(f"step {step + 1} loss {loss.item():.3f}")

net.eval()
with torch.no_grad():
    echo, where, there = harbour(150)
    points, logits = net(echo)
    counts_right = ((logits > 0).sum(1) == there.sum(1)).float().mean().item()
    off = [
        (points[i][s] - where[i][t]).norm(dim=1).mean()
        for i, (s, t) in enumerate(assign(points, logits, where, there))
    ]
    by_chance = [torch.cdist(torch.zeros(1, 2), where[i][there[i]]).mean() for i in range(len(where))]
print(f"counts right {counts_right:.3f}, mean distance {torch.stack(off).mean():.3f}")
print(f"distance from the middle of the harbour {torch.stack(by_chance).mean():.3f}")
