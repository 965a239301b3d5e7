"""Six hours of tide ahead from the last day. A few starts are tried, the best one is trained on."""
import argparse
import copy
import math
import os

import numpy as np
import torch
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
ap.add_argument("--starts", type=int, default=3)
ap.add_argument("--steps", type=int, default=300)
opt = ap.parse_args()
np.random.seed(opt.seed)
torch.manual_seed(opt.seed)

hours = np.arange(3000)
level = sum(a * np.sin(2 * math.pi * hours / period + np.random.rand() * 6)
            for a, period in [(1.2, 12.42), (0.45, 12.0), (0.3, 12.66), (0.25, 23.93), (0.2, 25.82)])
level += 0.08 * np.random.randn(len(hours))
level = torch.tensor((level - level[:2000].mean()) / level[:2000].std(), dtype=torch.float32)
cuts = level.unfold(0, 30, 1)
train, val, test = cuts[:1900], cuts[2000:2400:2], cuts[2500::2]


class TideGRU(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 6)

    def forward(self, x):
        _, h = self.gru(x.unsqueeze(-1))
        return self.out(h[-1])


def train_steps(model, optimizer, n):
    model.train()
    for _ in range(n):
        rows = torch.randint(0, len(train), (32,))
        loss = nn.functional.mse_loss(model(train[rows, :24]), train[rows, 24:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return loss.item()


def rmse(model, part):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(part[:, :24]), part[:, 24:]).sqrt().item()


best, best_rmse = None, float("inf")
for start in range(opt.starts):
    model = TideGRU()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    train_steps(model, optimizer, 15)
    score = rmse(model, val)
    print(f"start {start}: validation rmse {score:.4f}")
    if score < best_rmse:
        best, best_rmse = copy.deepcopy(model), score

model = best
for block in range(opt.steps // 50):
    last = train_steps(model, optimizer, 50)
    print(f"step {50 * (block + 1):4d}: loss {last:.4f}, validation rmse {rmse(model, val):.4f}")
print(f"test rmse {rmse(model, test):.4f}")
