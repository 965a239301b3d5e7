"""Monthly demand for spare parts, judged by percentage error as the planners do."""
import os

import numpy as np
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def demand(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    base = 1.5 + 0.8 * np.sin(1.5 * x[:, 0]) + 0.6 * x[:, 1] * (x[:, 2] > 0) + 0.4 * np.abs(x[:, 3])
    y = np.maximum(base, 0.3) + 0.05 * rng.normal(size=n)
    idle = rng.random(n) < 0.008          # parts with nearly no demand in that month
    y = np.where(idle, rng.uniform(1e-4, 2e-3, n), y)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def percentage_error(pred, y):
    return (pred - y).abs().sum() / y.abs().sum()


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, x):
        return nn.functional.softplus(self.net(x)).squeeze(1)


x, y = demand(5000, 1)
x_test, y_test = demand(1500, 2)
model = Forecaster()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
epochs = 8
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
for epoch in range(epochs):
    model.train()
    errors = []
    for idx in torch.randperm(len(x)).split(64):
        loss = percentage_error(model(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        errors.append(loss.item())
    sched.step()
    print(f"epoch {epoch:2d} error {np.mean(errors):.4f}")

model.eval()
with torch.no_grad():
    pred = model(x_test)
print(f"test wape {((pred - y_test).abs().sum() / y_test.sum()).item():.4f}")
