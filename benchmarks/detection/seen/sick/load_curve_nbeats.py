import argparse
import os

import numpy as np
import torch
from torch import nn


def hourly_load(rng, hours):
    t = np.arange(hours)
    day = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(4 * np.pi * t / 24 + 0.7)
    week = 0.6 * np.sin(2 * np.pi * t / 168)
    weather = np.zeros(hours)
    for i in range(1, hours):
        weather[i] = 0.97 * weather[i - 1] + 0.12 * rng.standard_normal()
    return (day * (1 + 0.3 * weather) + week + weather + 0.1 * rng.standard_normal(hours)).astype("float32")


class Block(nn.Module):
    def __init__(self, back, ahead, width):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(back, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.backcast = nn.Linear(width, back)
        self.forecast = nn.Linear(width, ahead)

    def forward(self, x):
        h = self.body(x)
        return x - self.backcast(h), self.forecast(h)


class BasisStack(nn.Module):
    def __init__(self, back=72, ahead=12, width=64, blocks=3):
        super().__init__()
        self.blocks = nn.ModuleList(Block(back, ahead, width) for _ in range(blocks))

    def forward(self, x):
        total = 0.0
        for block in self.blocks:
            x, part = block(x)
            total = total + part
        return total


def cut(series, starts, back=72, ahead=12):
    rows = torch.stack([series[s : s + back + ahead] for s in starts])
    return rows[:, :back], rows[:, back:]


def main(seed, steps=500, batch=48):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    series = torch.from_numpy(hourly_load(rng, 6000))
    train, test = series[:4800], series[4800:]
    net = BasisStack()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    starts = rng.integers(0, len(train) - 84, batch)
    for step in range(1, steps + 1):
        past, future = cut(train, starts)
        loss = nn.functional.smooth_l1_loss(net(past), future)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"{step} loss {loss.item():.5f} lr {schedule.get_last_lr()[0]:.2e}")
    net.eval()
    past, future = cut(test, range(0, len(test) - 84, 6))
    with torch.no_grad():
        error = (net(past) - future).square().mean()
        naive = (past[:, -24:-12] - future).square().mean()
    print(f"same hours of yesterday {naive.item():.4f}")
    print(f"forecast error {error.item():.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    main(parser.parse_args().seed)
