"""Beats of an electrocardiogram: normal, early, wide, inverted wave."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Beats(Dataset):
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        t = np.linspace(0, 1, 64)
        self.kind = rng.integers(0, 4, n)
        centre = 0.5 - 0.12 * (self.kind == 1) + 0.03 * rng.normal(size=n)
        width = 0.03 + 0.03 * (self.kind == 2) + 0.006 * rng.random(n)
        tall = 1 + 0.25 * rng.normal(size=n)
        wave = np.where(self.kind == 3, -0.35, 0.35)
        shape = tall[:, None] * np.exp(-((t - centre[:, None]) ** 2) / (2 * width[:, None] ** 2))
        shape += wave[:, None] * np.exp(-((t - centre[:, None] - 0.27) ** 2) / 0.005)
        shape += 0.3 * rng.normal(size=(n, 64)) + 0.3 * rng.normal(size=(n, 1))
        self.signal = torch.tensor(shape, dtype=torch.float32)

    def __len__(self):
        return len(self.kind)

    def __getitem__(self, i):
        return self.signal[i][None], int(self.kind[i])


class BeatNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 8, 7, padding=3), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(8, 16, 5, padding=2), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2),
        )
        self.fc = nn.Linear(16 * 16, 4)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


def annealed(base, progress, alpha=10.0, beta=0.75):
    return base * (1 + alpha * progress) ** -beta


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--lr", type=float, default=0.003)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train = DataLoader(Beats(1280, args.seed), batch_size=32, shuffle=True)
    test = DataLoader(Beats(600, args.seed + 1000), batch_size=200)

    model = BeatNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, weight_decay=1e-4)
    loss_fn = nn.CrossEntropyLoss()
    total = len(train) * args.epochs
    step = 0
    for epoch in range(args.epochs):
        model.train()
        for x, y in train:
            for group in optimizer.param_groups:
                group["lr"] = annealed(args.lr, step / total)
            loss = loss_fn(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
        print(f"epoch {epoch} ({step}/{total}) loss {loss.item():.3f}")

    model.eval()
    with torch.no_grad():
        right = sum((model(x).argmax(1) == y).sum().item() for x, y in test)
    print(f"test accuracy {right / 600:.4f}")


if __name__ == "__main__":
    main()
