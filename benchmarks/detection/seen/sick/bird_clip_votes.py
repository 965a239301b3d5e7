import argparse
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Config:
    seed: int = 0
    dim: int = 40
    species: int = 9
    raters: int = 3
    steps: int = 500
    batch: int = 64
    lr: float = 1e-3


def make_clips(cfg, n, generator, directions):
    present = (torch.rand(n, cfg.species, generator=generator) < 0.25).float()
    clips = present @ directions + 0.9 * torch.randn(n, cfg.dim, generator=generator)
    chance = 0.85 * present + 0.12 * (1 - present)
    votes = (torch.rand(cfg.raters, n, cfg.species, generator=generator) < chance).float().sum(0)
    return clips, votes, present


class Residual(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.up = nn.Linear(dim, 2 * dim)
        self.down = nn.Linear(2 * dim, dim)

    def forward(self, x):
        return x + self.down(nn.functional.silu(self.up(self.norm(x))))


class Tagger(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.inp = nn.Linear(cfg.dim, 48)
        self.blocks = nn.ModuleList(Residual(48) for _ in range(2))
        self.out = nn.Linear(48, cfg.species)

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = block(x)
        return self.out(x)


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        self.gen = torch.Generator().manual_seed(cfg.seed)
        directions = torch.randn(cfg.species, cfg.dim, generator=self.gen)
        self.clips, votes, _ = make_clips(cfg, 2500, self.gen, directions)
        self.targets = votes
        self.test_clips, _, self.truth = make_clips(cfg, 800, self.gen, directions)
        self.model = Tagger(cfg)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=cfg.lr)
        self.loss = nn.BCEWithLogitsLoss()

    def fit(self):
        for step in range(1, self.cfg.steps + 1):
            pick = torch.randint(0, len(self.clips), (self.cfg.batch,), generator=self.gen)
            loss = self.loss(self.model(self.clips[pick]), self.targets[pick])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if step % 100 == 0:
                print(f"step {step} loss {loss.item():.4f} f1 {self.f1():.4f}")

    @torch.no_grad()
    def f1(self):
        self.model.eval()
        guess = (self.model(self.test_clips) > 0).float()
        self.model.train()
        hit = (guess * self.truth).sum()
        return (2 * hit / (guess.sum() + self.truth.sum())).item()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    cfg = Config(seed=ap.parse_args().seed)
    torch.manual_seed(cfg.seed)
    trainer = Trainer(cfg)
    trainer.fit()
    print(f"final f1 = {trainer.f1():.4f}")
