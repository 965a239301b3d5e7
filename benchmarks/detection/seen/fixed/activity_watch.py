"""Recognise the kind of workout from a day summary of a wrist band."""
import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass
class Config:
    n: int = 4000
    width: int = 48
    batch: int = 64
    epochs: int = 8
    lr: float = 2e-3


def simulate(cfg):
    rng = np.random.default_rng(11)
    kind = rng.integers(0, 4, cfg.n)
    minutes = rng.poisson(np.array([6.0, 22.0, 40.0, 14.0])[kind])
    cadence = np.array([95.0, 130.0, 110.0, 150.0])[kind] + rng.normal(0, 14, cfg.n)
    steps = np.maximum(0, np.round(minutes * cadence)).astype(float)
    pulse = np.array([95.0, 128.0, 110.0, 128.0])[kind] + rng.normal(0, 9, cfg.n) + 0.15 * minutes
    climb = rng.gamma(2.0, np.array([2.0, 6.0, 18.0, 3.0])[kind])
    return steps, minutes.astype(float), pulse, climb, kind


def build_features(steps, minutes, pulse, climb):
    cadence = np.divide(steps, minutes, out=np.zeros_like(steps), where=minutes > 0)
    effort = np.log1p(climb) * pulse
    columns = [np.log1p(steps), np.log1p(minutes), pulse, np.log1p(climb), cadence, effort]
    out = []
    for c in columns:
        out.append((c - np.nanmean(c)) / np.nanstd(c))
    return torch.tensor(np.stack(out, axis=1), dtype=torch.float32)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    seed = ap.parse_args().seed
    torch.manual_seed(seed)
    cfg = Config()
    *raw, kind = simulate(cfg)
    X, y = build_features(*raw), torch.as_tensor(kind)
    X_train, y_train, X_test, y_test = X[:3200], y[:3200], X[3200:], y[3200:]

    model = nn.Sequential(nn.Linear(X.shape[1], cfg.width), nn.ReLU(), nn.Linear(cfg.width, cfg.width), nn.ReLU(),
                          nn.Linear(cfg.width, 4))
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        perm = torch.randperm(len(X_train))
        for i in range(0, len(perm), cfg.batch):
            idx = perm[i:i + cfg.batch]
            loss = nn.functional.cross_entropy(model(X_train[idx]), y_train[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    model.eval()
    with torch.no_grad():
        acc = (model(X_test).argmax(dim=1) == y_test).float().mean()
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
