"""Inflow of a reservoir: linear rules that hold in different weather, and a gate that chooses."""

import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class LinearExperts(nn.Module):
    def __init__(self, features, experts=8):
        super().__init__()
        self.slopes = nn.Parameter(torch.zeros(experts, features))
        self.offsets = nn.Parameter(torch.zeros(experts))
        self.gate = nn.Linear(features, experts)
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.gate.bias)

    def forward(self, x):
        share = torch.softmax(self.gate(x), dim=1)
        answers = x @ self.slopes.T + self.offsets
        return (share * answers).sum(1)


def weather(n):
    x = torch.randn(n, 6)
    frost, dry = x[:, 0] < -0.4, x[:, 1] < -0.3
    y = 1.5 * x[:, 2] + x[:, 3]
    y = torch.where(dry, -1.2 * x[:, 2] + 0.3 * x[:, 4], y)
    y = torch.where(frost, 0.2 * x[:, 5] - 2.0 - x[:, 3], y)
    return x, y + 0.2 * torch.randn(n)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train, (x_test, y_test) = weather(2400), weather(800)
    loader = DataLoader(TensorDataset(*train), batch_size=48, shuffle=True)
    model = LinearExperts(6)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for epoch in range(args.epochs):
        total = 0.0
        for x, y in loader:
            loss = nn.functional.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: mse {total / len(loader):.4f}")
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(x_test), y_test).item()
    print(f"test mse {mse:.4f} (variance {y_test.var().item():.4f})")


if __name__ == "__main__":
    main()
