import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=600)
args = parser.parse_args()
torch.manual_seed(args.seed)

digits = load_digits()
X = torch.tensor(digits.data, dtype=torch.float32) / 16
y = torch.tensor(digits.target)
X_train, y_train, X_test, y_test = X[:1400], y[:1400], X[1400:], y[1400:]

embed = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))
optimizer = torch.optim.Adam(embed.parameters(), lr=2e-3)


def contrastive(a, b, same, margin=2.0):
    d = (((a - b) ** 2).sum(dim=1) + 1e-8).sqrt()
    return (same * d**2 + (1 - same) * torch.clamp(margin - d, min=0) ** 2).mean()


for step in range(args.steps):
    i = torch.randint(0, 1400, (64,))
    j = torch.randint(0, 1400, (64,))
    same = (y_train[i] == y_train[j]).float()
    loss = contrastive(embed(X_train[i]), embed(X_train[j]), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.4f}")

with torch.no_grad():
    ref, query = embed(X_train), embed(X_test)
    nearest = torch.cdist(query, ref).argmin(dim=1)
    acc = (y_train[nearest] == y_test).float().mean().item()
    if not torch.isfinite(ref).all():
        acc = float("nan")
print(f"1-nn accuracy {acc:.4f}")
