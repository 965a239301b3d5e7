import argparse
import os

import numpy as np
import torch
from torch import nn


class Standardise(nn.Module):
    def forward(self, images):
        flat = images.flatten(1)
        spread = flat.std(1, keepdim=True) + 1e-6
        return ((flat - flat.mean(1, keepdim=True)) / spread).view_as(images)


def stripes(rng, count, gain, offset):
    yy, xx = np.mgrid[0:12, 0:12]
    kind = rng.integers(0, 4, count)
    angle = np.pi * kind / 4 + rng.normal(0, 0.12, count)
    phase = rng.uniform(0, 2 * np.pi, count)
    wave = np.cos(angle)[:, None, None] * xx + np.sin(angle)[:, None, None] * yy
    image = np.sin(1.3 * wave + phase[:, None, None]) + 0.6 * rng.standard_normal((count, 12, 12))
    image = gain * image + offset
    return torch.tensor(image[:, None], dtype=torch.float32), torch.tensor(kind)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    day_x, day_y = stripes(rng, 1200, gain=40.0, offset=130.0)
    night_x, night_y = stripes(rng, 400, gain=6.0, offset=18.0)
    net = nn.Sequential(
        Standardise(),
        nn.Conv2d(1, 8, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 4),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(10):
        net.train()
        total = 0.0
        for part in torch.randperm(len(day_x)).split(40):
            loss = nn.functional.cross_entropy(net(day_x[part]), day_y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() / 30
        net.eval()
        with torch.no_grad():
            night = (net(night_x).argmax(1) == night_y).float().mean().item()
        print(f"epoch {epoch} loss {total:.4f} night camera {night:.4f}")


main()
