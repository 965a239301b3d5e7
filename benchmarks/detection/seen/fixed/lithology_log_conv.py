import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CURVES = ["depth_m", "gamma_api", "resistivity_ohmm", "density_gcc", "neutron_frac", "sonic_us_ft"]
WINDOW = 24


def wells(rng, count):
    facies = rng.integers(0, 5, count)
    base = np.array(
        [
            [70, 2.32, 0.24, 92],
            [78, 2.41, 0.20, 84],
            [74, 2.47, 0.13, 76],
            [82, 2.55, 0.21, 70],
            [76, 2.64, 0.08, 88],
        ]
    )
    spread = np.array([18, 0.05, 0.03, 6])
    core = base[facies][:, :, None] + spread[None, :, None] * rng.standard_normal((count, 4, WINDOW))
    depth = rng.uniform(1400, 3300, count)[:, None] + 0.1524 * np.arange(WINDOW)
    resistivity = np.exp(rng.normal(4.5, 1.2, (count, WINDOW)))
    stack = np.stack([depth, core[:, 0], resistivity, core[:, 1], core[:, 2], core[:, 3]], axis=1)
    return stack.astype("float32"), facies


class FaciesNet(nn.Module):
    def __init__(self, channels, facies):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv1d(channels, 24, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(24, 32, 3, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Linear(32, facies)

    def forward(self, logs):
        return self.head(self.trunk(logs).mean(dim=2))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--lr", type=float, default=1e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    train_x, train_y = wells(rng, 1600)
    test_x, test_y = wells(rng, 600)
    centre = train_x.mean(axis=(0, 2), keepdims=True)
    scale = train_x.std(axis=(0, 2), keepdims=True)
    train_x, test_x = (train_x - centre) / scale, (test_x - centre) / scale
    loader = DataLoader(
        TensorDataset(torch.tensor(train_x), torch.tensor(train_y)), batch_size=40, shuffle=True
    )
    net = FaciesNet(len(CURVES), 5)
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        net.train()
        total = 0.0
        for logs, facies in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(logs), facies)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(logs)
        net.eval()
        with torch.no_grad():
            hits = (net(torch.tensor(test_x)).argmax(1) == torch.tensor(test_y)).float().mean().item()
        print(f"epoch {epoch}: loss {total / len(train_x):.4f}, blind wells {hits:.4f}")
    print(f"facies accuracy {hits:.4f}")


if __name__ == "__main__":
    main()
