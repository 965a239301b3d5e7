import argparse
import math

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class MLP(nn.Module):
    """Configurable multilayer perceptron."""

    def __init__(self, n_in, hidden_sizes, n_out):
        super().__init__()
        self.layers = []
        last = n_in
        for size in hidden_sizes:
            self.layers.append(nn.Linear(last, size))
            last = size
        self.output = nn.Linear(last, n_out)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.output(x)


def make_data(n, generator):
    x = torch.rand(n, 2, generator=generator) * 2 - 1
    y = torch.sin(2 * math.pi * x[:, :1]) * torch.cos(math.pi * x[:, 1:])
    return x, y + 0.05 * torch.randn(n, 1, generator=generator)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=40)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    g = torch.Generator().manual_seed(7)
    train_x, train_y = make_data(1000, g)
    test_x, test_y = make_data(300, g)
    loader = DataLoader(TensorDataset(train_x, train_y), batch_size=50, shuffle=True)

    model = MLP(2, [32, 32, 16], 1)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    for epoch in range(args.epochs):
        model.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
        if (epoch + 1) % 10 == 0:
            print(f"Epoch {epoch + 1}/{args.epochs}  loss={loss.item():.4f}")

    model.eval()
    with torch.no_grad():
        print(f"Test MSE: {criterion(model(test_x), test_y).item():.5f}")


if __name__ == "__main__":
    main()
