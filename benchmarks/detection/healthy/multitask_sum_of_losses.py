"""Shared trunk, one classification and one regression head, plus an L1 penalty."""
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))
X = rng.normal(size=(3000, 12)).astype(np.float32)
W = np.random.RandomState(0).normal(size=(12, 3))
H = np.tanh(X @ W)
cls = (H[:, 0] + H[:, 1] > 0).astype(np.int64) + (H[:, 2] > 0.5)
reg = (H[:, 0] * H[:, 2] + 0.1 * rng.normal(size=3000)).astype(np.float32)


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.cls_head = nn.Linear(64, 3)
        self.reg_head = nn.Linear(64, 1)

    def forward(self, x):
        h = self.trunk(x)
        return {"cls": self.cls_head(h), "reg": self.reg_head(h).squeeze(-1)}


ds = TensorDataset(torch.from_numpy(X), torch.from_numpy(cls), torch.from_numpy(reg))
train_ds, test_ds = torch.utils.data.random_split(ds, [2500, 500], generator=torch.Generator().manual_seed(0))
model = MultiTask()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
ce, mse = nn.CrossEntropyLoss(), nn.MSELoss()
for epoch in range(12):
    model.train()
    for x, c, r in DataLoader(train_ds, batch_size=64, shuffle=True):
        out = model(x)
        loss_c, loss_r = ce(out["cls"], c), mse(out["reg"], r)
        l1 = sum(p.abs().sum() for p in model.trunk.parameters())
        loss = loss_c + 2.0 * loss_r + 1e-5 * l1
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    x, c, r = test_ds[:]
    with torch.no_grad():
        out = model(x)
        acc = (out["cls"].argmax(1) == c).float().mean().item()
        err = mse(out["reg"], r).item()
    print(f"epoch {epoch} ce {loss_c.item():.4f} mse {loss_r.item():.4f} | test acc {acc:.4f} mse {err:.4f} (var {r.var():.4f})")
