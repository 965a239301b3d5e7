"""Tide height from the phases of sun and moon."""
import argparse

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=24)
args = parser.parse_args()


def gauge(n, seed):
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, 1, (n, 3)) * 2 - 1
    y = np.sin(3.1 * t[:, 0]) * (1 + 0.5 * np.cos(4 * t[:, 1])) + 0.6 * np.sin(5 * t[:, 2] + 2 * t[:, 0])
    y = y + 0.05 * rng.normal(size=n)
    return torch.tensor(t / 0.577, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)[:, None]


train, test = gauge(1600, 1), gauge(800, 2)
torch.manual_seed(args.seed)
model = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = optim.SGD(model.parameters(), lr=0.08, momentum=0.9)
scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.93)
loader = DataLoader(TensorDataset(*train), batch_size=64, shuffle=True)
mse = nn.MSELoss()

for epoch in range(args.epochs):
    model.train()
    seen = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = mse(model(x), y)
        loss.backward()
        optimizer.step()
        seen += loss.item()
    scheduler.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch} loss {seen / len(loader):.4f}")

model.eval()
with torch.no_grad():
    print(f"test rmse {mse(model(test[0]), test[1]).sqrt().item():.4f}")
