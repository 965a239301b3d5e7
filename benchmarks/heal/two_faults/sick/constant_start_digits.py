"""Digits, with weights that start where we want them."""
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
model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 10))


def init(module):
    if isinstance(module, nn.Linear):
        nn.init.constant_(module.weight, 0.02)
        nn.init.zeros_(module.bias)


model.apply(init)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.1)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=40, shuffle=True)
for epoch in range(15):
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(epoch, total / len(loader))
with torch.no_grad():
    accuracy = (model(X[1400:]).argmax(1) == y[1400:]).float().mean()
print(f"accuracy {accuracy:.4f}")
