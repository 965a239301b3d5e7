"""A deep net on the digits."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=16)
args = parser.parse_args()
torch.manual_seed(args.seed)

digits = load_digits()
X = torch.tensor((digits.data - 8) / 8).float()
y = torch.tensor(digits.target)
act = nn.Sigmoid
layers = [nn.Linear(64, 48), act()]
for _ in range(5):
    layers += [nn.Linear(48, 48), act()]
model = nn.Sequential(*layers, nn.Linear(48, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)

for epoch in range(args.epochs):
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
with torch.no_grad():
    print("accuracy:", round((model(X[1400:]).argmax(1) == y[1400:]).float().mean().item(), 4))
