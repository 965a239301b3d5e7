"""Classify alarm tones recorded in a plant hall."""
import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Recipe:
    batch_size: int = 56
    epochs: int = 8
    lr: float = 0.05
    power: float = 0.9
    floor: float = 1e-3


def tones(n, seed, length=56):
    rng = np.random.default_rng(seed)
    t = np.arange(length) / length
    kind = rng.integers(0, 5, n)
    f = rng.uniform(4, 8, (n, 1))
    p = rng.uniform(0, 2 * np.pi, (n, 1))
    phase = 2 * np.pi * f * t + p
    steady = np.sin(phase)
    square = np.sign(steady) * 0.8
    sweep = np.sin(phase * (1 + 0.7 * t))
    beat = steady * (0.5 + 0.7 * np.cos(2 * np.pi * 3 * t + p))
    burst = steady * ((t * 4 + p / 6) % 1 > 0.5) * 1.3
    wave = np.choose(kind[:, None], [steady, square, sweep, beat, burst])
    wave = wave + rng.normal(0, 0.3, wave.shape)
    return torch.tensor(wave / 0.75, dtype=torch.float32).unsqueeze(1), torch.tensor(kind)


class ToneNet(nn.Module):
    def __init__(self):
        super().__init__()
        layers, c = [], 1
        for width in (12, 20, 24):
            layers += [nn.Conv1d(c, width, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2)]
            c = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(c * 2, 5)

    def forward(self, x):
        h = self.body(x)
        return self.head(torch.cat([h.mean(-1), h.amax(-1)], dim=1))


def train(recipe):
    x, y = tones(2240, 1)
    loader = DataLoader(TensorDataset(x, y), batch_size=recipe.batch_size, shuffle=True)
    model = ToneNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=recipe.lr, momentum=0.9, weight_decay=1e-4)
    max_steps = len(loader) * recipe.epochs
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: max(recipe.floor, max(0.0, 1 - step / max_steps) ** recipe.power))
    for epoch in range(recipe.epochs):
        model.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(xb), yb)
            loss.backward()
            optimizer.step()
            scheduler.step()
        print(f"epoch {epoch:2d} loss {loss.item():.4f}")
    return model


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    torch.manual_seed(ap.parse_args().seed)
    model = train(Recipe()).eval()
    x_test, y_test = tones(1000, 2)
    with torch.no_grad():
        print(f"test accuracy {(model(x_test).argmax(1) == y_test).float().mean():.4f}")
