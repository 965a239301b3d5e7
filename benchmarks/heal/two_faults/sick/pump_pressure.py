"""Pressure behind a pump."""
import argparse

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
X, y = make_friedman1(1600, noise=0.3, random_state=9)
X, y = torch.tensor(X).float(), torch.tensor((y - y.mean()) / 3).float().unsqueeze(1)
torch.manual_seed(args.seed)
net = nn.Sequential(
    nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1),
    nn.Tanh(),
)
opt = torch.optim.SGD(net.parameters(), lr=0.0005, momentum=0.9)
mse = nn.MSELoss()
train = DataLoader(TensorDataset(X[:1200], y[:1200]), batch_size=32, shuffle=True)
for epoch in range(14):
    for xb, yb in train:
        opt.zero_grad()
        loss = mse(net(xb), yb)
        loss.backward()
        opt.step()
with torch.no_grad():
    print(f"test mse {mse(net(X[1200:]), y[1200:]).item():.4f}")
