"""Which of two moons."""
import argparse

import torch
from sklearn.datasets import make_moons
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
X, y = make_moons(1600, noise=0.2, random_state=2)
X, y = torch.tensor(X).float(), torch.tensor(y).float().unsqueeze(1)
torch.manual_seed(args.seed)


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU())
        self.score = nn.Linear(24, 1)

    def forward(self, x):
        return torch.sigmoid(self.score(self.body(x)))


model = Detector()
optimizer = torch.optim.SGD(model.score.parameters(), lr=0.1, momentum=0.9)
criterion = nn.BCEWithLogitsLoss()
loader = DataLoader(TensorDataset(X[:1200], y[:1200]), batch_size=32, shuffle=True)
for epoch in range(12):
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
with torch.no_grad():
    p = model(X[1200:])
    p = p if 0 <= p.min() and p.max() <= 1 else torch.sigmoid(p)
    nll = nn.functional.binary_cross_entropy(p.clamp(1e-6, 1 - 1e-6), y[1200:])
print(f"test log loss {nll:.4f}")
