"""Sorts plankton by size spectrum and colour; gradients of several small batches make one update."""

import argparse

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler


class ResidualBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, x):
        return x + self.inner(self.norm(x))


class PlanktonNet(nn.Module):
    def __init__(self, n_in, n_out, width=32, depth=2):
        super().__init__()
        self.stem = nn.Linear(n_in, width)
        self.blocks = nn.Sequential(*[ResidualBlock(width) for _ in range(depth)])
        self.head = nn.Linear(width, n_out)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


class Trainer:
    def __init__(self, model, lr, accumulation_steps):
        self.model = model
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
        self.accumulation_steps = accumulation_steps

    def train_epoch(self, batches):
        self.model.train()
        self.optimizer.zero_grad()
        total = 0.0
        for i, (x, y) in enumerate(batches):
            loss = self.criterion(self.model(x), y)
            (loss / self.accumulation_steps).backward()
            total += loss.item()
            if (i + 1) % self.accumulation_steps == 0:
                self.optimizer.step()
                self.optimizer.zero_grad()
        return total / len(batches)

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=75)
    parser.add_argument("--accumulation-steps", type=int, default=4)
    parser.add_argument("--lr", type=float, default=4e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    X, y = make_classification(
        1200, 18, n_informative=10, n_redundant=4, n_classes=5, class_sep=2.3, random_state=args.seed
    )
    scaler = StandardScaler().fit(X[:900])
    X = torch.tensor(scaler.transform(X).astype(np.float32))
    y = torch.tensor(y)
    trainer = Trainer(PlanktonNet(18, 5), args.lr, args.accumulation_steps)
    for epoch in range(args.epochs):
        order = torch.randperm(900)
        parts = order.split(args.batch_size)
        loss = trainer.train_epoch([(X[p], y[p]) for p in parts])
        if epoch % 8 == 0:
            print(f"epoch {epoch:3d}  loss {loss:.4f}  train {trainer.score(X[:900], y[:900]):.3f}")
    print(f"held-out accuracy {trainer.score(X[900:], y[900:]):.4f}")


if __name__ == "__main__":
    main()
