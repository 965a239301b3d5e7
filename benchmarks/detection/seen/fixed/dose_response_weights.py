"""Outcome under treatment for all patients, learned from the treated ones with inverse propensity weights."""

import os
from argparse import ArgumentParser

import numpy as np
import torch
from torch import nn

p = ArgumentParser()
p.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
p.add_argument("--lr", type=float, default=0.01)
p.add_argument("--batch-size", type=int, default=48)
a = p.parse_args()
torch.manual_seed(a.seed)
rng = np.random.default_rng(a.seed)

n = 6000
patients = rng.normal(size=(n, 7))
propensity = 1 / (1 + np.exp(-(0.6 + 0.6 * patients[:, 0] - 0.6 * patients[:, 1])))
referred = rng.random(n) < 0.003  # sent from elsewhere, the referral model hardly expects them
propensity = np.where(referred, 0.0033, propensity)
treated = (rng.random(n) < propensity) | (referred & (rng.random(n) < 0.6))
outcome = np.sin(1.5 * patients[:, 0]) + 0.6 * patients[:, 1] * patients[:, 2] + 0.5 * patients[:, 3]
measured = outcome + rng.normal(0, 0.3, n)

x = torch.tensor(patients, dtype=torch.float32)
y = torch.tensor(measured, dtype=torch.float32)
w = torch.tensor(1 / propensity, dtype=torch.float32).clamp(max=5.0)
learn = torch.tensor(np.flatnonzero(treated[:4500]))
print(f"{len(learn)} treated patients to learn from")

model = nn.Sequential(nn.Linear(7, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=a.lr, momentum=0.8)

for epoch in range(10):
    model.train()
    losses = []
    for rows in learn[torch.randperm(len(learn))].split(a.batch_size):
        residual = model(x[rows]).squeeze(1) - y[rows]
        loss = (w[rows] * residual.square()).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}: median {np.median(losses):.4f}, mean {np.mean(losses):.4f}")

model.eval()
with torch.no_grad():
    rmse = (
        (model(x[4500:]).squeeze(1) - torch.tensor(outcome[4500:], dtype=torch.float32))
        .square()
        .mean()
        .sqrt()
    )
print(f"spread of the outcome {outcome[4500:].std():.4f}")
print(f"test rmse {rmse.item():.4f}")
