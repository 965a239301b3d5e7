"""A regression on ten numbers."""
import argparse

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
X, y = make_friedman1(1600, noise=0.5, random_state=5)
X, y = torch.tensor(X).float(), torch.tensor((y - y.mean()) / y.std()).float()
torch.manual_seed(args.seed)
net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=0.3)
mse = nn.MSELoss()
train = DataLoader(TensorDataset(X[:1200], y[:1200]), batch_size=32, shuffle=True)
for epoch in range(12):
    for xb, yb in train:
        opt.zero_grad()
        loss = mse(net(xb), yb)
        loss.backward()
        opt.step()
with torch.no_grad():
    rest = y[1200:] - net(X[1200:]).squeeze(1)
print(f"test rmse {rest.square().mean().sqrt():.4f}")
