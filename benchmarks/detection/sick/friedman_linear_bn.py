import argparse

import numpy as np
import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--width", type=int, default=80)
a = ap.parse_args()

X, y = make_friedman1(1600, n_features=8, noise=0.3, random_state=5)
X = (X - X.mean(0)) / X.std(0)
y = (y - y.mean()) / y.std()
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y[:, None].astype(np.float32))
torch.manual_seed(a.seed)

layers = []
n = X.shape[1]
for _ in range(3):
    layers += [nn.Linear(n, a.width), nn.BatchNorm1d(a.width), nn.Dropout(0.05)]
    n = a.width
layers.append(nn.Linear(n, 1))
net = nn.Sequential(*layers)
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
loader = DataLoader(TensorDataset(X[:1200], y[:1200]), batch_size=40, shuffle=True, drop_last=True)

for epoch in range(20):
    net.train()
    for xb, yb in loader:
        loss = nn.functional.mse_loss(net(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()

net.eval()
with torch.no_grad():
    print("test mse %.4f" % nn.functional.mse_loss(net(X[1200:]), y[1200:]))
