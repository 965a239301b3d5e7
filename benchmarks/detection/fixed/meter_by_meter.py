import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def consumption(n, generator):
    """Twenty standardised readings of a house, and what it uses; most of that is habit."""
    x = torch.randn(n, 20, generator=generator)
    weights = torch.linspace(-1, 1, 20)
    weights = weights / weights.norm() * 0.3**0.5
    return x, x @ weights + 0.7**0.5 * torch.randn(n, generator=generator)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(30)
    x, y = consumption(1500, g)
    x_test, y_test = consumption(1000, g)
    loader = DataLoader(TensorDataset(x, y), batch_size=args.batch_size, shuffle=True)

    model = nn.Linear(20, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03)
    criterion = nn.MSELoss()
    for epoch in range(args.epochs):
        total = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb).squeeze(1), yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")
    with torch.no_grad():
        print(f"test mse {criterion(model(x_test).squeeze(1), y_test).item():.4f}")


if __name__ == "__main__":
    main()
