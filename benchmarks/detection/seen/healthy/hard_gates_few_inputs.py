"""Which of 50 measurements matter? Hard-concrete gates with an L0 price shut most inputs for good."""

import argparse
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class Gates(nn.Module):
    """Each gate is stretched past 0 and 1 and cut there, so that it is often exactly shut or open."""

    low, high, heat = -0.1, 1.1, 0.66

    def __init__(self, inputs):
        super().__init__()
        self.open = nn.Parameter(torch.full((inputs,), 1.0))

    def forward(self, x):
        if self.training:
            u = torch.rand_like(x).clamp(1e-6, 1 - 1e-6)
            s = torch.sigmoid((u.log() - (1 - u).log() + self.open) / self.heat)
        else:
            s = torch.sigmoid(self.open)
        return x * (s * (self.high - self.low) + self.low).clamp(0, 1)

    def expected_open(self):
        return torch.sigmoid(self.open - self.heat * math.log(-self.low / self.high)).sum()


def measure(n):
    x = torch.randn(n, 50)
    y = 1.5 * torch.sin(1.5 * x[:, 3]) + x[:, 11] * x[:, 20] + x[:, 34] + 0.3 * torch.randn(n)
    return x, y.unsqueeze(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=30)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = measure(2000)
    test_x, test_y = measure(1000)
    gates = Gates(50)
    model = nn.Sequential(gates, nn.Linear(50, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(
        [
            {"params": gates.parameters(), "lr": 0.03},
            {"params": model[1:].parameters(), "lr": 2e-3},
        ]
    )
    for epoch in range(args.epochs):
        model.train()
        price = 0.015 * min(1.0, epoch / 8)
        for rows in torch.randperm(len(x)).split(80):
            loss = F.mse_loss(model(x[rows]), y[rows]) + price * gates.expected_open()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4:
            model.eval()
            with torch.no_grad():
                r2 = 1 - F.mse_loss(model(test_x), test_y).item() / test_y.var().item()
                kept = (gates(torch.ones(1, 50)) > 0).flatten().nonzero().flatten().tolist()
            print(
                f"epoch {epoch + 1}: loss {loss.item():.3f} test R2 {r2:.3f}",
                f"inputs kept {len(kept)}: {kept[:8]}",
            )


if __name__ == "__main__":
    main()
