"""Tell pump conditions apart from short vibration traces with a small temporal CNN."""
import os
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils.parametrizations import weight_norm

SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", 0))
LENGTH = 96


def traces(n, rng):
    t = np.arange(LENGTH) / LENGTH
    label = rng.integers(0, 5, n)
    x = np.zeros((n, LENGTH))
    for i, k in enumerate(label):
        phase = rng.uniform(0, 2 * np.pi, 3)
        x[i] = np.sin(2 * np.pi * 8 * t + phase[0])
        if k in (1, 4):
            x[i] += 0.7 * np.sin(2 * np.pi * 13 * t + phase[1])
        if k in (2, 4):
            x[i] *= 1 + 0.8 * np.sin(2 * np.pi * 3 * t + phase[2])
        if k == 3:
            x[i, rng.integers(0, 12)::16] += 1.2
    x += rng.normal(0, 0.6, x.shape)
    x = (x - x.mean()) / x.std()
    return torch.tensor(x, dtype=torch.float32).unsqueeze(1), torch.tensor(label)


def build():
    return nn.Sequential(
        nn.Conv1d(1, 16, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
        nn.Conv1d(32, 32, 5, padding=2), nn.ReLU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(),
        nn.Linear(32, 5),
    )


def normalise_weights(net):
    for layer in net:
        if isinstance(layer, (nn.Conv1d, nn.Linear)):
            weight_norm(layer)
    return net


rng = np.random.default_rng(3)
x_train, y_train = traces(1280, rng)
x_test, y_test = traces(600, rng)

torch.manual_seed(SEED)
net = build()
normalise_weights(net)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(11):
    net.train()
    order = torch.randperm(len(x_train))
    running = 0.0
    for idx in order.split(64):
        optimizer.zero_grad()
        loss = criterion(net(x_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        running += loss.item() * len(idx)
    print(f"epoch {epoch:2d} loss {running / len(x_train):.4f}")

net.eval()
with torch.no_grad():
    acc = (net(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {acc:.4f}")
