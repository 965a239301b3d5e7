"""Tide height from time features: cosine cycles with restarts, keeping the average of the cycles' ends."""
import os
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
rng = np.random.default_rng(21)
t = rng.uniform(0, 300, 5000)
height = 1.4 * np.sin(2 * np.pi * t / 12.42) + 0.5 * np.sin(2 * np.pi * t / 12.0) * np.cos(2 * np.pi * t / 24)
surge = rng.normal(size=5000)
height = height * (1 + 0.3 * np.tanh(surge)) + 0.4 * surge ** 2 + 0.1 * rng.normal(size=5000)
feats = [surge]
for period in (12.42, 12.0, 24.0):
    feats += [np.sin(2 * np.pi * t / period), np.cos(2 * np.pi * t / period)]
x = torch.tensor(np.stack(feats, 1), dtype=torch.float32)
y = torch.tensor((height - height[:4000].mean()) / height[:4000].std(), dtype=torch.float32)

net = nn.Sequential(nn.Linear(7, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.15, momentum=0.9, nesterov=True)
CYCLES, EPOCHS = 4, 4
loader = DataLoader(TensorDataset(x[:4000], y[:4000]), batch_size=64, shuffle=True)
sched = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=EPOCHS * len(loader), eta_min=1e-4)
kept = []
for cycle in range(CYCLES):
    for epoch in range(EPOCHS):
        net.train()
        total = 0.0
        for xb, yb in loader:
            loss = nn.functional.mse_loss(net(xb).squeeze(1), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item()
        print(f"cycle {cycle} epoch {epoch} mse {total / len(loader):.4f}")
    net.eval()
    with torch.no_grad():
        kept.append(net(x[4000:]).squeeze(1))
pred = torch.stack(kept[1:]).mean(0)
mse = nn.functional.mse_loss(pred, y[4000:]).item()
print(f"test r2 {1 - mse / y[4000:].var(unbiased=False).item():.4f}")
