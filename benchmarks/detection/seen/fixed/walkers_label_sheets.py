import argparse
import os

import numpy as np
import torch
from torch import nn

ACTIVITIES = ["walk", "stairs", "cycle", "sit"]


def record(rng, activity, length=40):
    t = np.arange(length) / 20
    step = [1.7, 1.4, 2.2, 0.0][activity] * rng.uniform(0.88, 1.12)
    size = [1.0, 1.1, 0.6, 0.05][activity] * rng.uniform(0.8, 1.2)
    phase = rng.uniform(0, 2 * np.pi)
    up = size * np.sin(2 * np.pi * step * t + phase)
    forth = 0.6 * size * np.sin(2 * np.pi * step * t + phase + [0.4, 1.2, 1.6, 0][activity])
    tilt = np.full(length, [0.1, 0.25, -0.3, 0.0][activity] + rng.normal(0, 0.25))
    return np.stack([up, forth, tilt]) + 0.3 * rng.standard_normal((3, length))


def read_walkers(rng, walkers, per_walker):
    signals, labels = [], []
    for walker in range(walkers):
        sheet = rng.integers(0, 4, per_walker)
        takes = np.stack([record(rng, a) for a in sheet])
        newest_first = walker % 3 == 2
        signals.append(takes[::-1] if newest_first else takes)
        labels.append(sheet[::-1] if newest_first else sheet)
    return torch.tensor(np.concatenate(signals), dtype=torch.float32), torch.tensor(np.concatenate(labels))


class ResidualUnit(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(channels, channels, 5, padding=2),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Conv1d(channels, channels, 5, padding=2),
            nn.BatchNorm1d(channels),
        )

    def forward(self, x):
        return torch.relu(x + self.body(x))


class ActivityNet(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.stem = nn.Conv1d(3, width, 5, stride=2, padding=2)
        self.units = nn.Sequential(ResidualUnit(width), ResidualUnit(width))
        self.head = nn.Linear(width, len(ACTIVITIES))

    def forward(self, x):
        return self.head(self.units(torch.relu(self.stem(x))).mean(2))


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=18)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x, y = read_walkers(rng, 6, 120)
    test_x, test_y = read_walkers(rng, 6, 100)
    net = ActivityNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-4)
    for epoch in range(args.epochs):
        net.train()
        order = torch.randperm(len(x))
        total = 0.0
        for part in order.split(36):
            loss = nn.functional.cross_entropy(net(x[part]), y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(part)
        if epoch % 4 == 3:
            print(
                f"epoch {epoch + 1} loss {total / len(x):.4f} new walkers {accuracy(net, test_x, test_y):.4f}"
            )
    print(f"accuracy on new walkers {accuracy(net, test_x, test_y):.4f}")


if __name__ == "__main__":
    main()
