"""Handwritten digits with a small MLP."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

digits = load_digits()
X = torch.tensor(digits.data / 16.0).float()
y = torch.tensor(digits.target)
train = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)

model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=1.5, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(14):
    model.train()
    for xb, yb in train:
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()

model.eval()
with torch.no_grad():
    accuracy = (model(X[1400:]).argmax(1) == y[1400:]).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
