"""Hires per hour at a row of bike stations, Poisson likelihood with a shared trunk and station vectors."""

import os
from argparse import ArgumentParser
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn


@dataclass
class Config:
    stations: int = 12
    width: int = 48
    steps: int = 500
    batch: int = 64
    rate: float = 1e-3
    betas: tuple = (0.9, 0.99)
    adam: dict = field(default_factory=lambda: {"maximize": True, "amsgrad": False})


class HireModel(nn.Module):
    def __init__(self, cfg: Config):
        super().__init__()
        self.station = nn.Embedding(cfg.stations, 8)
        self.trunk = nn.Sequential(
            nn.Linear(5 + 8, cfg.width), nn.ReLU(), nn.Linear(cfg.width, cfg.width), nn.ReLU()
        )
        self.rate = nn.Linear(cfg.width, 1)

    def forward(self, weather: Tensor, station: Tensor) -> Tensor:
        hidden = self.trunk(torch.cat([weather, self.station(station)], dim=1))
        return nn.functional.softplus(self.rate(hidden)).squeeze(1) + 1e-3


def likelihood_loss(rate: Tensor, hires: Tensor) -> Tensor:
    return (rate - hires * torch.log(rate)).mean()


def draw(cfg: Config, n: int, rng: np.random.Generator, pull: np.ndarray):
    hour = rng.uniform(0, 24, n)
    warm, rain, wind = rng.normal(size=(3, n))
    station = rng.integers(0, cfg.stations, n)
    log_rate = (
        0.8
        + pull[station]
        + 0.7 * np.sin(2 * np.pi * (hour - 8) / 12)
        + 0.3 * warm
        - 0.4 * np.maximum(rain, 0)
    )
    table = np.stack([np.sin(2 * np.pi * hour / 24), np.cos(2 * np.pi * hour / 24), warm, rain, wind], axis=1)
    hires = rng.poisson(np.exp(log_rate))
    return (
        torch.tensor(table, dtype=torch.float32),
        torch.tensor(station),
        torch.tensor(hires, dtype=torch.float32),
    )


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    cfg = Config()
    pull = rng.normal(0, 0.5, cfg.stations)
    weather, station, hires = draw(cfg, 4000, rng, pull)
    test = draw(cfg, 1000, rng, pull)

    model = HireModel(cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.rate, betas=cfg.betas, **cfg.adam)
    for step in range(cfg.steps):
        rows = torch.randint(0, len(hires), (cfg.batch,))
        loss = likelihood_loss(model(weather[rows], station[rows]), hires[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step:4d} loss {loss.item():+.4f}")

    model.eval()
    with torch.no_grad():
        rate = model(test[0], test[1])
    print(f"one rate for all: {(hires.mean() - test[2]).abs().mean().item():.4f}")
    print(f"test mean absolute error {(rate - test[2]).abs().mean().item():.4f}")


if __name__ == "__main__":
    main()
