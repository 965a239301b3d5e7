import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

BANDS = 80


def measure(rng, count):
    grid = np.arange(BANDS)
    peaks = [(12, 4.0), (22, 5.0), (41, 6.0), (50, 4.5), (66, 7.0)]
    lines = np.stack([np.exp(-((grid - c) ** 2) / (2 * w**2)) for c, w in peaks])
    amount = rng.uniform(0, 1, (count, len(peaks)))
    strength = 1 - np.exp(-2.2 * amount)
    slope = rng.normal(0, 0.4, (count, 1)) * (grid / BANDS) + rng.normal(0, 0.2, (count, 1))
    spectra = strength @ lines + slope + 0.02 * rng.standard_normal((count, BANDS))
    return torch.tensor(spectra - 0.6, dtype=torch.float32), torch.tensor(amount, dtype=torch.float32)


class Retrieval(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 12, 7, stride=2, padding=3),
            nn.ReLU(),
            nn.Conv1d(12, 16, 5, stride=2, padding=2),
            nn.ReLU(),
        )
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(16 * BANDS // 4, 48), nn.ReLU(), nn.Linear(48, 5))

    def forward(self, spectrum):
        return self.dense(self.features(spectrum.unsqueeze(1)))


def adjust_learning_rate(optimizer, base_lr, epoch):
    for group in optimizer.param_groups:
        group["lr"] = base_lr * 0.6 ** (epoch // 5)


def r_squared(guess, truth):
    return 1 - ((guess - truth) ** 2).sum().item() / ((truth - truth.mean(0)) ** 2).sum().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=25)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    loader = DataLoader(TensorDataset(*measure(rng, 1200)), batch_size=50, shuffle=True)
    test_spectra, test_amounts = measure(rng, 400)
    net = Retrieval()
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9, nesterov=True)
    for epoch in range(args.epochs):
        adjust_learning_rate(optimizer, args.lr, epoch)
        net.train()
        total = 0.0
        for spectra, amounts in loader:
            loss = nn.functional.mse_loss(net(spectra), amounts)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch:2d} mse {total / len(loader):.5f}")
    net.eval()
    with torch.no_grad():
        guess = net(test_spectra)
    print(f"explained on fresh spectra {r_squared(guess, test_amounts):.4f}")
    print(f"concentrations off by {100 * (guess - test_amounts).abs().mean().item():.3f} percent")


if __name__ == "__main__":
    main()
