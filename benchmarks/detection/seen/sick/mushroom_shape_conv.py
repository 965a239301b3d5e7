"""Profiles of mushroom caps, a small convolutional net, and an update rule written out."""

import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)


def caps(n):
    kind = rng.integers(0, 3, n)
    t = np.linspace(-1, 1, 32)[None, :]
    width = rng.uniform(0.5, 0.9, (n, 1))
    bell = np.exp(-((t / width) ** 2) * 2)
    flat = np.clip(1.2 - np.abs(t / width) ** 6, 0, 1)
    funnel = np.abs(t) / width
    shape = np.where(kind[:, None] == 0, bell, np.where(kind[:, None] == 1, flat, funnel))
    shape = shape * rng.uniform(0.7, 1.3, (n, 1)) + 0.2 * rng.standard_normal((n, 32))
    return torch.tensor(shape, dtype=torch.float32).unsqueeze(1), torch.tensor(kind)


class CapNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 12, 5, padding=2)
        self.conv2 = nn.Conv1d(12, 24, 5, padding=2)
        self.fc = nn.Linear(24 * 8, 3)

    def forward(self, x):
        x = F.max_pool1d(torch.tanh(self.conv1(x)), 2)
        x = F.max_pool1d(torch.tanh(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


def update(params, rate):
    with torch.no_grad():
        for p in params:
            p.add_(p.grad, alpha=rate)
            p.grad = None


net = CapNet()
x_train, y_train = caps(900)
x_test, y_test = caps(300)
rate = 0.1
history = []
for epoch in range(12):
    order = torch.randperm(len(x_train))
    for rows in order.split(32):
        loss = F.cross_entropy(net(x_train[rows]), y_train[rows])
        loss.backward()
        update(net.parameters(), rate)
        history.append(loss.item())
    print(f"epoch {epoch + 1:2d}  mean loss {np.mean(history[-29:]):.4f}")

net.eval()
with torch.no_grad():
    accuracy = (net(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
