import argparse
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def windows(n, share_faulty, rng):
    faulty = rng.random(n) < share_faulty
    t = np.arange(64)
    x = rng.normal(0, 1, (n, 64))
    x += 0.8 * np.sin(2 * np.pi * t / 16 + rng.uniform(0, 2 * np.pi, (n, 1)))
    knock = np.exp(-((t % 21) / 4.0)) * np.cos(1.6 * t)
    for i in np.flatnonzero(faulty):
        x[i] += rng.uniform(1.2, 2.6) * np.roll(knock, rng.integers(0, 21))
    return torch.tensor(x, dtype=torch.float32).unsqueeze(1), torch.tensor(faulty.astype(np.int64))


def build(width=8):
    return nn.Sequential(
        nn.Conv1d(1, width, 9, padding=4),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(width, width, 5, padding=2),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(width, 2),
    )


@torch.no_grad()
def recalls(model, x, y):
    model.eval()
    predicted = model(x).argmax(1)
    return [(predicted[y == k] == k).float().mean().item() for k in (0, 1)]


def main(args):
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x_train, y_train = windows(2000, 0.04, rng)
    x_test, y_test = windows(1500, 0.2, rng)
    print("windows per state:", torch.bincount(y_train).tolist())

    model = build()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    loader = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)
    for epoch in range(args.epochs):
        model.train()
        loss_sum, right = 0.0, 0
        for x, y in loader:
            out = model(x)
            loss = criterion(out, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(x)
            right += (out.argmax(1) == y).sum().item()
        print(f"[{epoch + 1}/{args.epochs}] loss {loss_sum / len(x_train):.4f} accuracy {right / len(x_train):.4f}")
    healthy, faulty = recalls(model, x_test, y_test)
    print(f"recall healthy {healthy:.4f} faulty {faulty:.4f}")
    print(f"balanced accuracy {(healthy + faulty) / 2:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--epochs", type=int, default=9)
    main(parser.parse_args())
