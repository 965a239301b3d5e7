"""Sort beans on a belt: a shared encoder and a small classification head."""
import argparse

import numpy as np
import torch
from torch import nn


def load(n, rng, proto):
    y = rng.integers(0, 12, n)
    z = proto[y, rng.integers(0, 2, n)] + 0.9 * rng.normal(size=(n, 12))
    x = np.concatenate([z, np.abs(z[:, :6]), z[:, :6] * z[:, 6:]], 1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y)


class Sorter(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(24, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
        self.head = nn.Sequential(nn.BatchNorm1d(64), nn.Dropout(0.5), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5),
                                  nn.Linear(64, 12))

    def forward(self, x):
        return self.head(self.encoder(x))


@torch.no_grad()
def score(net, x, y, batch=20):
    net.encoder.eval()
    right = 0
    for xb, yb in zip(x.split(batch), y.split(batch)):
        right += (net(xb).argmax(1) == yb).sum().item()
    return right / len(y)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

rng = np.random.default_rng(17)
proto = 1.4 * rng.normal(size=(12, 2, 12))
x, y = load(3000, rng, proto)
x_test, y_test = load(1500, rng, proto)
m, s = x.mean(0), x.std(0)
x, x_test = (x - m) / s, (x_test - m) / s

torch.manual_seed(args.seed)
net = Sorter()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(10):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(60):
        loss = loss_fn(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    if epoch % 3 == 0:
        print(f"epoch {epoch + 1}: loss {total / len(x):.4f}, accuracy {score(net, x_test, y_test):.4f}")

print(f"test accuracy {score(net, x_test, y_test):.4f}")
