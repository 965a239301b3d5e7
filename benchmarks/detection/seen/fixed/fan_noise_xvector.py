import argparse
import os

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def fan_noise(n, generator, bands=10, frames=40):
    """Band energies over time of fans in four conditions, gated when nothing is heard."""
    condition = torch.randint(0, 4, (n,), generator=generator)
    t = torch.arange(frames).float()
    tilt = torch.linspace(-1, 1, bands)
    level = torch.randn(n, bands, 1, generator=generator) * 0.8
    rate = torch.tensor([0.0, 0.35, 0.8, 0.35])[condition]
    depth = torch.tensor([0.0, 0.9, 0.9, 0.9])[condition]
    phase = 6.28 * torch.rand(n, 1, generator=generator)
    wobble = depth[:, None] * torch.sin(rate[:, None] * t + phase)
    bent = (condition == 3)[:, None, None]
    x = level + wobble[:, None, :] * torch.where(bent, tilt[:, None], tilt.abs()[:, None])
    x = x + 0.5 * torch.randn(n, bands, frames, generator=generator)
    gated = torch.rand(n, generator=generator) < 0.01
    x[gated] = 0.0
    condition[gated] = 0
    return x, condition


class StatsPool(nn.Module):
    def forward(self, h):
        return torch.cat([h.mean(dim=2), (h.var(dim=2) + 1e-5).sqrt()], dim=1)


class XVector(nn.Module):
    def __init__(self, bands=10, width=48, classes=4):
        super().__init__()
        self.frame1 = nn.Conv1d(bands, width, 5)
        self.frame2 = nn.Conv1d(width, width, 3, dilation=2)
        self.frame3 = nn.Conv1d(width, width, 1)
        self.pool = StatsPool()
        self.segment = nn.Linear(2 * width, 32)
        self.output = nn.Linear(32, classes)

    def forward(self, x):
        h = F.relu(self.frame1(x))
        h = F.relu(self.frame2(h))
        h = self.frame3(h)
        return self.output(F.relu(self.segment(self.pool(h))))


def accuracy(model, loader):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(dim=1) == y).sum().item()
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=6)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed)
    train = DataLoader(TensorDataset(*fan_noise(1600, g)), batch_size=32, shuffle=True)
    valid = DataLoader(TensorDataset(*fan_noise(500, g)), batch_size=100)

    model = XVector()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(args.epochs):
        model.train()
        for x, y in train:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        print(f"epoch {epoch} validation accuracy {accuracy(model, valid):.4f}")
    print(f"final accuracy {accuracy(model, valid):.4f}")


if __name__ == "__main__":
    main()
