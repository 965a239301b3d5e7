"""Digits by steps rather than epochs."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=400)
args = parser.parse_args()
torch.manual_seed(args.seed)
data = load_digits()
X, y = torch.tensor(data.data / 16.0).float(), torch.tensor(data.target)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(args.seed))
X, y = X[perm], y[perm]
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=False)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.0005, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for step in range(args.steps):
    xb, yb = next(iter(loader))
    optimizer.zero_grad()
    loss = criterion(model(xb), yb)
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.4f}")
with torch.no_grad():
    acc = (model(X[1400:]).argmax(1) == y[1400:]).float().mean()
print(f"accuracy {acc:.4f}")
