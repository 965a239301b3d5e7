"""Asking price of used tractors from a listing site: categories as vectors, two numbers, a small network."""

import argparse
import os

import numpy as np
import torch
import torch.nn as nn

COLUMNS = {"model": 60, "dealer": 45, "county": 50, "attachment": 30}


def listings(n, seed):
    worth = np.random.default_rng(9)
    effect = {name: worth.normal(0, 1, levels) for name, levels in COLUMNS.items()}
    rng = np.random.default_rng(seed)
    codes = {name: rng.integers(0, levels, n) for name, levels in COLUMNS.items()}
    hours, year = rng.normal(size=n), rng.normal(size=n)
    price = sum(effect[name][codes[name]] for name in COLUMNS)
    price = price - 0.8 * hours + 0.5 * year - 0.3 * hours * year + rng.normal(0, 0.3, n)
    return (
        {name: torch.from_numpy(c) for name, c in codes.items()},
        torch.tensor(np.stack([hours, year], 1), dtype=torch.float32),
        torch.tensor(price, dtype=torch.float32),
    )


class PriceNet(nn.Module):
    def __init__(self, dim=3):
        super().__init__()
        self.tables = nn.ModuleDict({name: nn.Embedding(levels, dim) for name, levels in COLUMNS.items()})
        self.body = nn.Sequential(
            nn.Linear(dim * len(COLUMNS) + 2, 48),
            nn.ReLU(),
            nn.Linear(48, 24),
            nn.ReLU(),
            nn.Linear(24, 1),
        )

    def forward(self, codes, numbers):
        vectors = [self.tables[name](codes[name]) for name in COLUMNS]
        return self.body(torch.cat([*vectors, numbers], dim=1)).squeeze(1)


def train_one_epoch(model, optimizer, codes, numbers, price, batch_size=64):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(price)).split(batch_size):
        predicted = model({name: c[idx] for name, c in codes.items()}, numbers[idx])
        loss = nn.functional.huber_loss(predicted, price[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    return total / len(price)


def r2(model, codes, numbers, price):
    model.eval()
    with torch.no_grad():
        residual = price - model(codes, numbers)
    return 1 - (residual.square().sum() / (price - price.mean()).square().sum()).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train, test = listings(4000, 1), listings(800, 2)
    model = PriceNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for epoch in range(args.epochs):
        loss = train_one_epoch(model, optimizer, *train)
        print(f"epoch {epoch + 1:2d}  loss {loss:.4f}")
    print(f"test R2 {r2(model, *test):.4f}")


if __name__ == "__main__":
    main()
