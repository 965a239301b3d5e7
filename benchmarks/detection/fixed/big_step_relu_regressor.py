import os
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_diabetes(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
y = (y - y.mean()) / 20.0
perm = np.random.RandomState(0).permutation(len(X))
X = torch.tensor(X[perm], dtype=torch.float32)
y = torch.tensor(y[perm], dtype=torch.float32).unsqueeze(1)
X_train, y_train, X_test, y_test = X[:340], y[:340], X[340:], y[340:]

net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.002)
loss_fn = nn.MSELoss()
for epoch in range(30):
    order = torch.randperm(len(X_train))
    for i in range(0, len(order), 20):
        j = order[i:i + 20]
        opt.zero_grad()
        loss = loss_fn(net(X_train[j]), y_train[j])
        loss.backward()
        opt.step()

with torch.no_grad():
    print("test mse", loss_fn(net(X_test), y_test).item())
