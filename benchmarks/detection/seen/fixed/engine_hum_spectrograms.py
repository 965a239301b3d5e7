"""Which fault does the engine hum of? Short spectrograms, four conditions, a small 2-D conv net."""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class Recordings(Dataset):
    CONDITIONS = ("good", "worn bearing", "loose belt", "misfire")

    def __init__(self, count, rng, transform=None):
        self.transform = transform
        self.items = []
        for _ in range(count):
            label = int(rng.integers(4))
            self.items.append((self.hum(label, rng), label))

    @staticmethod
    def hum(label, rng):
        power = rng.gamma(2.0, 0.5, (16, 20))
        base = rng.integers(2, 5)
        loud = rng.uniform(30, 90)
        power[base] += loud
        power[2 * base] += loud / 2
        if label == 1:
            power[rng.integers(11, 15)] += loud / 4
        elif label == 2:
            power *= (1 + 0.9 * np.sin(np.arange(20) * rng.uniform(0.6, 0.9) + rng.uniform(0, 6)))[None]
        elif label == 3:
            gap = rng.integers(2, 15)
            power[:, gap:gap + 3] *= 0.1
        return torch.tensor(power * rng.lognormal(0, 0.15, power.shape), dtype=torch.float32)[None]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        spectrogram, label = self.items[index]
        if self.transform is not None:
            spectrogram = self.transform(spectrogram)
        return spectrogram, label


class HumNet(nn.Module):
    def __init__(self, classes=4):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.head = nn.Linear(16 * 4 * 5, classes)

    def forward(self, x):
        return self.head(self.body(x).flatten(1))


def log_power(spectrogram):
    return torch.log1p(spectrogram) - 1.0


def evaluate(model, loader):
    model.eval()
    right, loss, total = 0, 0.0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            loss += nn.functional.cross_entropy(logits, y, reduction="sum").item()
            right += (logits.argmax(1) == y).sum().item()
            total += len(y)
    return loss / total, right / total


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    train_loader = DataLoader(Recordings(1400, rng, transform=log_power), batch_size=35, shuffle=True)
    valid_loader = DataLoader(Recordings(400, rng, transform=log_power), batch_size=100)
    model = HumNet()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    for epoch in range(6):
        model.train()
        for x, y in train_loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        valid_loss, valid_acc = evaluate(model, valid_loader)
        print(f"{epoch + 1} train {loss.item():.3f} valid loss {valid_loss:.3f} acc {valid_acc:.3f}")
    print(f"validation accuracy {valid_acc:.4f}")
