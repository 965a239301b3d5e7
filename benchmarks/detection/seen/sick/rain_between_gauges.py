"""Rain at a place without a gauge, from 24 gauges around it: attention from the place to the
gauges, by hand."""

import argparse
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width = width
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)

    def forward(self, place, gauges):
        q, k, v = self.query(place).unsqueeze(1), self.key(gauges), self.value(gauges)
        scores = q @ k.transpose(1, 2) * math.sqrt(self.width)
        return (F.softmax(scores, dim=-1) @ v).squeeze(1)


class RainModel(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.place = nn.Sequential(
            nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.LayerNorm(width)
        )
        self.gauge = nn.Sequential(
            nn.Linear(3, width), nn.ReLU(), nn.Linear(width, width), nn.LayerNorm(width)
        )
        self.attention = Attention(width)
        self.out = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, where, gauges):
        return self.out(self.attention(self.place(where), self.gauge(gauges))).squeeze(1)


def showers(n, gauges=24):
    spots = torch.rand(n, gauges + 1, 2) * 2 - 1
    centre = torch.rand(n, 3, 1, 2) * 2.4 - 1.2
    strength = 1.5 * torch.randn(n, 3, 1)
    rain = (strength * torch.exp(-((spots.unsqueeze(1) - centre) ** 2).sum(-1) / 0.7)).sum(1)
    read = rain[:, 1:] + 0.3 * torch.randn(n, gauges)
    return spots[:, 0], torch.cat([spots[:, 1:], read.unsqueeze(2)], 2), rain[:, 0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=400)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    where, gauges, rain = showers(8000)
    test_where, test_gauges, test_rain = showers(1000)
    model = RainModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(args.steps):
        rows = torch.randint(0, len(rain), (48,))
        loss = F.mse_loss(model(where[rows], gauges[rows]), rain[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 99:
            with torch.no_grad():
                mse = F.mse_loss(model(test_where, test_gauges), test_rain).item()
            print(f"step {step + 1}: train {loss.item():.4f} test {mse:.4f}")
    print(f"R2 between the gauges {1 - mse / test_rain.var().item():.4f}")


if __name__ == "__main__":
    main()
