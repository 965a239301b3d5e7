"""Rock type from borehole logs, plain SGD with a large step and batch norm, one-cycle schedule."""
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


def logs(n, seed):
    rng = np.random.default_rng(seed)
    rock = rng.integers(0, 4, n)
    centre = np.random.default_rng(1).normal(size=(4, 3, 10))
    facies = rng.integers(0, 3, n)
    x = centre[rock, facies] * 1.1 + rng.normal(0, 0.8, (n, 10))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(rock)


x, y = logs(4000, 10)
x_test, y_test = logs(1500, 11)
loader = DataLoader(TensorDataset(x, y), batch_size=128, shuffle=True, drop_last=True)
EPOCHS = 14


def block(i, o):
    return nn.Sequential(nn.Linear(i, o, bias=False), nn.BatchNorm1d(o), nn.ReLU())


model = nn.Sequential(block(10, 64), block(64, 64), nn.Linear(64, 4))
optimizer = torch.optim.SGD(model.parameters(), lr=1.0, weight_decay=5e-4)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=EPOCHS * len(loader), pct_start=0.3)
for epoch in range(EPOCHS):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(xb), yb, label_smoothing=0.05)
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        acc = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch:2d} loss {loss.item():.3f} test accuracy {acc:.4f}")
