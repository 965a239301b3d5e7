"""Estimate soil moisture from a handful of field readings."""
import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    micro_batch: int = 32
    accumulate: int = 64
    epochs: int = 40
    lr: float = 3e-3


def field_data(n, rng):
    x = rng.normal(size=(n, 10)).astype(np.float32)
    dry = np.maximum(x[:, 0], 0) * 1.5 - np.sin(1.7 * x[:, 1]) + x[:, 2] * x[:, 3]
    y = dry + 0.5 * np.abs(x[:, 4]) - 0.4 * x[:, 5] ** 2 + rng.normal(0, 0.2, n)
    return torch.from_numpy(x), torch.from_numpy(y.astype(np.float32))[:, None]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    cfg = Config()
    torch.manual_seed(seed)
    rng = np.random.default_rng(7)
    x, y = field_data(1536, rng)
    xt, yt = field_data(800, rng)
    mean, std = y.mean(), y.std()
    y, yt = (y - mean) / std, (yt - mean) / std

    loader = DataLoader(TensorDataset(x, y), batch_size=cfg.micro_batch, shuffle=True)
    model = nn.Sequential(nn.Linear(10, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 1))
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=1e-2)
    loss_fn = nn.MSELoss()

    for epoch in range(cfg.epochs):
        model.train()
        opt.zero_grad()
        total = 0.0
        for i, (xb, yb) in enumerate(loader):
            loss = loss_fn(model(xb), yb)
            (loss / cfg.accumulate).backward()
            if (i + 1) % cfg.accumulate == 0:
                opt.step()
                opt.zero_grad()
            total += loss.item()
        if epoch % 10 == 0:
            print(f"epoch {epoch} train mse {total / len(loader):.4f}")

    model.eval()
    with torch.no_grad():
        rmse = loss_fn(model(xt), yt).sqrt().item()
    print(f"test rmse {rmse:.4f}")


if __name__ == "__main__":
    main()
