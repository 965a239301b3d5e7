"""A sum of small nets, each fitted to what the earlier ones left over."""

import argparse
import os

import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--stages", type=int, default=9)
parser.add_argument("--shrink", type=float, default=0.5)
args = parser.parse_args()
torch.manual_seed(args.seed)

data, target = make_friedman1(2000, n_features=8, noise=0.6, random_state=args.seed)
x = torch.tensor((data - 0.5) * 12**0.5, dtype=torch.float32)
y = torch.tensor(target, dtype=torch.float32)
y = (y - y[:1400].mean()) / y[:1400].std()
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]

ensemble = []
left_over = y_train.clone()
guess = torch.zeros_like(y_test)
for stage in range(args.stages):
    learner = nn.Sequential(nn.Linear(8, 12), nn.Tanh(), nn.Linear(12, 1))
    optimizer = torch.optim.Adam(learner.parameters(), lr=0.03)
    for _ in range(70):
        rows = torch.randint(0, len(x_train), (128,))
        loss = (learner(x_train[rows]).squeeze(1) - left_over[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for p in learner.parameters():
        p.requires_grad = False
    ensemble.append(learner)
    with torch.no_grad():
        left_over = left_over - args.shrink * learner(x_train).squeeze(1)
        guess += args.shrink * learner(x_test).squeeze(1)
    rmse = (guess - y_test).square().mean().sqrt().item()
    print(
        f"stage {stage}: loss {loss.item():.4f}, left over {left_over.std().item():.4f}, test rmse {rmse:.4f}"
    )
print(f"{len(ensemble)} nets, test rmse {rmse:.4f} (spread 1)")
