"""How late may a taxi ride end? The 90 % quantile of its duration, with the quantile loss written by hand."""

import argparse
import os
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Config:
    zones: int = 20
    dim: int = 6
    quantile: float = 0.9
    batch: int = 64
    steps: int = 600
    lr: float = 5e-3


class RideNet(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.pickup = nn.Embedding(cfg.zones, cfg.dim)
        self.dropoff = nn.Embedding(cfg.zones, cfg.dim)
        self.mlp = nn.Sequential(nn.Linear(2 * cfg.dim + 3, 48), nn.ReLU(), nn.Linear(48, 1))

    def forward(self, zones, numbers):
        z = torch.cat([self.pickup(zones[:, 0]), self.dropoff(zones[:, 1]), numbers], dim=1)
        return self.mlp(z).squeeze(1)


def quantile_loss(predicted, actual, q):
    error = actual - predicted
    return torch.max(q * error, (q - 1) * error).mean()


def rides(n, cfg, place):
    zones = torch.randint(0, cfg.zones, (n, 2))
    hour = 24 * torch.rand(n)
    distance = (place[zones[:, 0]] - place[zones[:, 1]]).norm(dim=1) + 0.3
    rush = torch.exp(-((hour - 8) ** 2) / 4) + torch.exp(-((hour - 17.5) ** 2) / 6)
    minutes = distance * (4 + 3 * rush) + distance.sqrt() * (1 + rush) * torch.randn(n).abs() * 2
    numbers = torch.stack([torch.sin(hour / 24 * 6.283), torch.cos(hour / 24 * 6.283), distance - 1.8], dim=1)
    return zones, numbers, minutes / 10


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    cfg = Config()
    place = 3 * torch.rand(cfg.zones, 2)
    zones, numbers, duration = rides(5000, cfg, place)
    test_zones, test_numbers, test_duration = rides(1500, cfg, place)

    model = RideNet(cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for step in range(cfg.steps):
        rows = torch.randint(0, len(duration), (cfg.batch,))
        loss = quantile_loss(model(zones[rows], numbers[rows]), duration[rows], cfg.quantile)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 99:
            print(f"step {step + 1} loss {loss.item():.4f}")

    with torch.no_grad():
        upper = model(test_zones, test_numbers).flatten()
        score = quantile_loss(upper, test_duration, cfg.quantile).item()
    print(f"inside the bound: {(test_duration <= upper).float().mean().item():.3f}")
    print(f"test quantile loss {score:.5f}")


if __name__ == "__main__":
    main()
