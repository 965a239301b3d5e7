"""Alarms in a plant: three in a hundred readings."""
import argparse

import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
X, y = make_classification(4000, 16, n_informative=8, weights=[0.96], class_sep=0.9, flip_y=0.01, random_state=11)
X, y = torch.tensor(X).float(), torch.tensor(y)
torch.manual_seed(args.seed)
model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.0005)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:3000], y[:3000]), batch_size=50, shuffle=True)
for epoch in range(10):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
with torch.no_grad():
    guess = model(X[3000:]).argmax(1)
print(f"balanced accuracy {balanced_accuracy_score(y[3000:], guess):.4f}")
