"""Residual 1-D net whose blocks run again during the backward pass to save memory: each forward happens twice,
the first time without a graph."""

import os

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint


def songs(n, gen, length=48):
    kind = torch.randint(0, 4, (n,), generator=gen)
    t = torch.arange(length).float()
    base = 0.25 + 0.3 * torch.rand(n, 1, generator=gen)
    bend = torch.tensor([0.0, 0.006, -0.004, 0.0])[kind][:, None]
    wobble = torch.where(kind == 3, 1.2, 0.0)[:, None] * torch.sin(0.6 * t)
    wave = torch.sin(base * t + bend * t.square() + wobble + 6.28 * torch.rand(n, 1, generator=gen))
    return (wave + 0.2 * torch.randn(n, length, generator=gen)).unsqueeze(1), kind


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(4, width)
        self.conv1 = nn.Conv1d(width, width, 5, padding=2)
        self.conv2 = nn.Conv1d(width, width, 5, padding=2)

    def forward(self, x):
        return x + self.conv2(torch.relu(self.conv1(self.norm(x))))


class SongNet(nn.Module):
    def __init__(self, width=16, depth=3):
        super().__init__()
        self.stem = nn.Conv1d(1, width, 7, padding=3, stride=2)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.head = nn.Linear(2 * width, 4)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=True) if self.training else block(x)
        return self.head(torch.cat([x.mean(2), x.amax(2)], 1))


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    gen = torch.Generator().manual_seed(17)
    x, y = songs(1600, gen)
    x_test, y_test = songs(400, gen)
    net = SongNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for epoch in range(5):
        net.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(40):
            loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / 40
        print(f"epoch {epoch} loss {total:.4f}")
    net.eval()
    with torch.no_grad():
        print(f"train accuracy {(net(x).argmax(1) == y).float().mean().item():.4f}")
        print(f"test accuracy {(net(x_test).argmax(1) == y_test).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
