"""Timber volume of standing trees from harvester readings, with a residual MLP."""

import logging
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("stems")


@dataclass
class Settings:
    trees: int = 2000
    width: int = 40
    blocks: int = 3
    rounds: int = 16
    batch: int = 50
    lr: float = 2e-3
    weight_decay: float = 20.0
    seed: int = int(os.environ.get("SEED", 0))


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, h):
        return h + self.down(F.gelu(self.up(self.norm(h))))


class StemNet(nn.Module):
    def __init__(self, readings, width, blocks):
        super().__init__()
        self.lift = nn.Linear(readings, width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(blocks)])
        self.volume = nn.Linear(width, 1)

    def forward(self, x):
        return self.volume(self.blocks(self.lift(x))).squeeze(-1)


def forest(n):
    girth = 0.25 + 0.12 * torch.rand(n) + 0.05 * torch.randn(n)
    height = 14 + 50 * (girth - 0.25) + 3 * torch.randn(n)
    taper = 0.45 + 0.06 * torch.randn(n)
    bark = 0.01 + 0.006 * torch.rand(n)
    slope = 30 * torch.rand(n)
    volume = 0.785 * (girth - 2 * bark) ** 2 * height * taper
    x = torch.stack([girth, height, taper, bark, slope], dim=1)
    y = volume * (1 + 0.04 * torch.randn(n))
    return (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()


def main(cfg):
    torch.manual_seed(cfg.seed)
    x, y = forest(cfg.trees)
    cut = int(cfg.trees * 0.8)
    model = StemNet(x.shape[1], cfg.width, cfg.blocks)
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=cfg.weight_decay)
    for turn in range(cfg.rounds):
        model.train()
        for rows in torch.randperm(cut).split(cfg.batch):
            loss = F.mse_loss(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            test = F.mse_loss(model(x[cut:]), y[cut:]).item()
        log.info("round %2d  last batch %.4f  test mse %.4f", turn, loss.item(), test)
    print(f"test R2 {1 - test / y[cut:].var(unbiased=False).item():.4f}")


main(Settings())
