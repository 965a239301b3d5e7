"""Tensile strength of alloys from composition and heat treatment."""
import argparse

import numpy as np
import torch
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--steps", type=int, default=700)
ap.add_argument("--limit", type=int, default=240, help="how many alloys to read")
args = ap.parse_args()
torch.manual_seed(args.seed)


def read_alloys(n, seed):
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(n, 16))
    strength = 1.2 * np.tanh(mix[:, 0] + mix[:, 1]) + 0.8 * mix[:, 2] * mix[:, 3] + 0.6 * np.abs(mix[:, 4])
    strength += 0.5 * np.cos(2 * mix[:, 5]) + rng.normal(0, 0.5, n)
    return torch.tensor(mix, dtype=torch.float32), torch.tensor((strength - 0.5) / 1.3, dtype=torch.float32)


x, y = read_alloys(args.limit, seed=100)
x_val, y_val = read_alloys(1000, seed=200)

model = nn.Sequential(nn.Linear(16, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()


def validate():
    model.eval()
    with torch.no_grad():
        return mse(model(x_val).squeeze(1), y_val).item()


queue = []
for step in range(1, args.steps + 1):
    if not queue:
        queue = list(torch.randperm(len(x)).split(64))
    rows = queue.pop()
    model.train()
    loss = mse(model(x[rows]).squeeze(1), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:4d} train {loss.item():.4f} val {validate():.4f}")
print(f"validation MSE {validate():.4f}")
