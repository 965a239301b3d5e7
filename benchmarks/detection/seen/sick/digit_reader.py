"""Small convolutional reader for 8x8 digits."""
import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classify = nn.Linear(24 * 4, 10)

    def forward(self, x):
        return self.classify(self.features(x).flatten(1))


class Batches:
    """Draws random batches, reproducible for a given seed."""

    def __init__(self, x, y, size, seed):
        self.x, self.y, self.size, self.seed = x, y, size, seed

    def draw(self):
        rng = torch.Generator().manual_seed(self.seed)
        rows = torch.randint(len(self.x), (self.size,), generator=rng)
        return self.x[rows], self.y[rows]


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--steps", type=int, default=250)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    pixels, digit = load_digits(return_X_y=True)
    pixels = torch.tensor(pixels, dtype=torch.float32).view(-1, 1, 8, 8) / 16 - 0.3
    x, x_test, y, y_test = train_test_split(pixels, torch.tensor(digit), test_size=0.25, random_state=0)

    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    batches = Batches(x, y, 32, args.seed)
    for step in range(args.steps):
        xb, yb = batches.draw()
        loss = nn.functional.cross_entropy(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 99:
            print(step + 1, round(loss.item(), 4))

    model.eval()
    with torch.no_grad():
        accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"test accuracy {accuracy:.4f}")


main()
