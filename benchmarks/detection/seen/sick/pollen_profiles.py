"""Name the plant a pollen grain comes from by the brightness profile across it."""

import argparse
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

PLANTS = 24
LENGTH = 64


def make_profiles(rng, n, templates):
    labels = rng.integers(0, PLANTS, n)
    shifts = rng.integers(-3, 4, n)
    rows = np.stack([np.roll(templates[k], s) for k, s in zip(labels, shifts, strict=True)])
    rows = rows * rng.uniform(0.8, 1.2, (n, 1)) + rng.normal(0, 0.35, rows.shape)
    return torch.tensor(rows[:, None], dtype=torch.float32), torch.tensor(labels)


class ProfileNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, kernel_size=7, padding=3)
        self.conv2 = nn.Conv1d(16, 32, kernel_size=5, padding=2)
        self.pool = nn.MaxPool1d(4)
        self.fc1 = nn.Linear(32 * 4, 64)
        self.fc2 = nn.Linear(64, PLANTS)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.fc1(x.flatten(1)))
        x = self.fc2(x)
        return F.softmax(x, dim=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(11)
    kernel = np.exp(-0.5 * (np.arange(-6, 7) / 2.5) ** 2)
    templates = np.stack([np.convolve(rng.normal(size=LENGTH), kernel, "same") for _ in range(PLANTS)])
    templates /= templates.std(1, keepdims=True)
    x_train, y_train = make_profiles(rng, 1600, templates)
    x_test, y_test = make_profiles(rng, 600, templates)
    loader = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)

    net = ProfileNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    for epoch in range(args.epochs):
        net.train()
        running = 0.0
        for profiles, plants in loader:
            optimizer.zero_grad()
            outputs = net(profiles)
            loss = criterion(outputs, plants)
            loss.backward()
            optimizer.step()
            running += loss.item()
        print(f"epoch {epoch + 1}: loss {running / len(loader):.3f}")

    net.eval()
    with torch.no_grad():
        accuracy = (net(x_test).argmax(1) == y_test).float().mean().item()
    print(f"test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
