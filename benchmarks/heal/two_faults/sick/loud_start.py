"""Digits with our own first weights."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)
data = load_digits()
X, y = torch.tensor(data.data / 16.0).float(), torch.tensor(data.target)
model = nn.Sequential(
    nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.5), nn.Linear(96, 96), nn.ReLU(), nn.Dropout(0.5), nn.Linear(96, 10)
)
for module in model:
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=1.0)
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)
for epoch in range(14):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
    model.train()
    with torch.no_grad():
        acc = (model(X[1400:]).argmax(1) == y[1400:]).float().mean()
print(f"accuracy {acc:.4f}")
