"""Learn to evaluate trees of max and min over eight digits, one merge cell used on every level."""
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--steps", type=int, default=600)
parser.add_argument("--dim", type=int, default=32)
args = parser.parse_args()
torch.manual_seed(args.seed)


def sample(n):
    leaves, ops = torch.randint(0, 10, (n, 8)), torch.randint(0, 2, (n, 7))
    values, start = leaves, 0
    while values.size(1) > 1:
        left, right = values[:, 0::2], values[:, 1::2]
        op = ops[:, start:start + left.size(1)]
        start += left.size(1)
        values = torch.where(op == 0, torch.maximum(left, right), torch.minimum(left, right))
    return leaves, ops, values.squeeze(1)


class TreeNet(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.digit = nn.Embedding(10, dim)
        self.op = nn.Embedding(2, dim)
        self.merge = nn.Sequential(nn.Linear(3 * dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim), nn.LayerNorm(dim))
        self.answer = nn.Linear(dim, 10)

    def forward(self, leaves, ops):
        nodes, start = self.digit(leaves), 0
        while nodes.size(1) > 1:
            nodes = nodes.detach()
            left, right = nodes[:, 0::2], nodes[:, 1::2]
            op = self.op(ops[:, start:start + left.size(1)])
            start += left.size(1)
            nodes = self.merge(torch.cat([left, right, op], dim=-1))
        return self.answer(nodes.squeeze(1))


net = TreeNet(args.dim)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
smoothed = None
for step in range(args.steps):
    leaves, ops, value = sample(64)
    loss = F.cross_entropy(net(leaves, ops), value)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    smoothed = loss.item() if smoothed is None else 0.97 * smoothed + 0.03 * loss.item()
    if (step + 1) % 100 == 0:
        print(f"step {step + 1}: loss {smoothed:.3f}")

leaves, ops, value = sample(2000)
with torch.no_grad():
    guess = net(leaves, ops).argmax(1)
print(f"exact {(guess == value).float().mean():.4f}  off by at most one {((guess - value).abs() < 2).float().mean():.4f}")
