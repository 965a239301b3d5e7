import argparse
import os

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import average_precision_score
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        bce = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return ((1 - torch.exp(-bce)) ** self.gamma * bce).mean()


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
X, y = make_classification(6000, n_features=16, n_informative=8, weights=[0.95], class_sep=1.4, random_state=3)
X, y = torch.tensor(X).float(), torch.tensor(y).float()
Xtr, ytr, Xte, yte = X[:4500], y[:4500], X[4500:], y[4500:]
weights = torch.where(ytr > 0, 1 / ytr.sum(), 1 / (1 - ytr).sum())
sampler = WeightedRandomSampler(weights, num_samples=3000, replacement=True)
loader = DataLoader(TensorDataset(Xtr, ytr), batch_size=100, sampler=sampler)
model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = FocalLoss()
for epoch in range(12):
    for xb, yb in loader:
        loss = criterion(model(xb)[:, 0], yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        ap = average_precision_score(yte.numpy(), model(Xte)[:, 0].numpy())
    print(f"epoch {epoch} focal {loss.item():.4f} average precision {ap:.4f} (prevalence {yte.mean().item():.4f})")
