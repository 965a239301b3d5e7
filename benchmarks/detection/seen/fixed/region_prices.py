"""Rent model for six regions; the checkpoint with the best validation error is kept."""
import argparse
import copy

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
seed = parser.parse_args().seed
torch.manual_seed(seed)


def flats(n, rng):
    region = rng.choice(6, size=n, p=[0.42, 0.25, 0.15, 0.09, 0.05, 0.04])
    facts = rng.normal(size=(n, 14))
    rent = 0.9 * np.tanh(facts[:, 0] * 1.5) + 0.7 * facts[:, 1] * facts[:, 2] + 0.5 * np.abs(facts[:, 3])
    rent += np.array([0.0, 0.8, -0.6, 1.1, -1.0, 0.4])[region] * (1 + 0.3 * facts[:, 4])
    rent += rng.normal(0, 0.9, n)
    x = np.concatenate([facts, np.eye(6)[region]], axis=1)
    return x.astype(np.float32), ((rent - 0.5) / 1.5).astype(np.float32), region


def even_out(rows, region, rng):
    """Resample rows so that every region comes up about equally often."""
    share = np.bincount(region[rows], minlength=6)
    p = 1.0 / share[region[rows]] ** 0.5
    return rng.choice(rows, size=2 * len(rows), p=p / p.sum())


rng = np.random.default_rng(31)
x, y, region = flats(900, rng)
x_new, y_new, _ = flats(2000, rng)

rows = rng.permutation(len(x))
train_rows, val_rows = rows[: int(0.75 * len(rows))], rows[int(0.75 * len(rows)):]
train_rows = even_out(train_rows, region, rng)

x, y, x_new, y_new = map(torch.from_numpy, (x, y, x_new, y_new))
train_rows, val_rows = torch.from_numpy(train_rows), torch.from_numpy(val_rows)

model = nn.Sequential(nn.Linear(20, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.MSELoss()

best, best_state, waited = float("inf"), None, 0
for epoch in range(45):
    model.train()
    for chunk in train_rows[torch.randperm(len(train_rows))].split(64):
        optimizer.zero_grad()
        loss = criterion(model(x[chunk]).squeeze(1), y[chunk])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = criterion(model(x[val_rows]).squeeze(1), y[val_rows]).item()
    if val < best:
        best, best_state, waited = val, copy.deepcopy(model.state_dict()), 0
    else:
        waited += 1
        if waited >= 10:
            break
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d} validation {val:.4f}")

model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    error = criterion(model(x_new).squeeze(1), y_new).item()
print(f"best validation {best:.4f}, next year's flats MSE {error:.4f}")
