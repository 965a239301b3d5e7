"""A residual net that leaves out whole blocks at random while it trains: no gradient there in that step."""

import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

cli = argparse.ArgumentParser()
cli.add_argument("--seed", type=int, default=0)
torch.manual_seed(cli.parse_args().seed)


class MaybeBlock(nn.Module):
    def __init__(self, width, keep):
        super().__init__()
        self.keep = keep
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)

    def forward(self, x):
        if self.training and torch.rand(()) > self.keep:
            return x
        branch = self.outer(F.gelu(self.inner(self.norm(x))))
        return x + (branch if self.training else self.keep * branch)


class DeepNet(nn.Module):
    def __init__(self, depth=8, width=40):
        super().__init__()
        self.stem = nn.Linear(9, width)
        self.blocks = nn.ModuleList([MaybeBlock(width, 1.0 - 0.5 * i / (depth - 1)) for i in range(depth)])
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def boards(n):
    """Nine readings of a board; the quadrant in which their weighted sum falls."""
    x = torch.randn(n, 9)
    a = x[:, 0] * x[:, 1] + x[:, 2] + 0.4 * x[:, 3]
    b = torch.sin(2 * x[:, 4]) + x[:, 5] - 0.5 * x[:, 6]
    return x, (a > 0).long() * 2 + (b > 0).long()


loader = DataLoader(TensorDataset(*boards(5000)), batch_size=100, shuffle=True)
x_test, y_test = boards(1000)
net = DeepNet()
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=10 * len(loader))
for epoch in range(10):
    net.train()
    total = 0.0
    for x, y in loader:
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        accuracy = (net(x_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch} loss {total / len(loader):.3f} held out {accuracy:.3f}")
print(f"test accuracy {accuracy:.4f}")
