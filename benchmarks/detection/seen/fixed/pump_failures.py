"""Predict whether a field pump needs service within a month from its sensor summary."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=20)
args = parser.parse_args()
torch.manual_seed(args.seed)


def load_pumps(n=5000):
    rng = np.random.default_rng(17)
    sensors = rng.normal(size=(n, 8))
    sensors = sensors * np.array([3, 12, 0.4, 7, 1.5, 20, 0.1, 5]) + np.array([40, 60, 2, 15, 9, 80, 1, 30])
    hours = rng.uniform(200, 40000, size=n)
    altitude = rng.gamma(2.0, 450.0, size=n)
    z = (sensors - sensors.mean(0)) / sensors.std(0)
    wear = (hours - 20000) / 11500
    thin = (altitude - 900) / 640
    risk = 1.6 * np.sin(1.4 * z[:, 0]) * z[:, 1] + 1.2 * wear * z[:, 2] + z[:, 3] ** 2 - 1.0 + 0.8 * thin * z[:, 4]
    label = (risk + 0.25 * rng.normal(size=n) > 0.1).astype(np.int64)
    return sensors, hours, altitude, label


def scale(table, reference):
    return (table - reference.mean(0)) / reference.std(0)


sensors, hours, altitude, label = load_pumps()
n_train = 4000
table = np.column_stack([sensors, hours, altitude])
table = scale(table, table[:n_train])

X = torch.tensor(table, dtype=torch.float32)
y = torch.tensor(label)
train = DataLoader(TensorDataset(X[:n_train], y[:n_train]), batch_size=100, shuffle=True)

net = nn.Sequential(
    nn.Linear(X.shape[1], 64), nn.ReLU(),
    nn.Linear(64, 64), nn.ReLU(),
    nn.Linear(64, 2),
)
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(args.epochs):
    net.train()
    running = 0.0
    for xb, yb in train:
        opt.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        opt.step()
        running += loss.item()
    net.eval()
    with torch.no_grad():
        acc = (net(X[n_train:]).argmax(1) == y[n_train:]).float().mean().item()
    print(f"epoch {epoch + 1:2d}  loss {running / len(train):.4f}  held-out {acc:.4f}")
print(f"test accuracy {acc:.4f}")
