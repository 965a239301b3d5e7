import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
train_X, train_y, test_X, test_y = X[:1200], y[:1200], X[1200:], y[1200:]


def batches(X, y, size):
    X, y = rng.permutation(X), rng.permutation(y)
    for i in range(0, len(X), size):
        yield torch.from_numpy(X[i : i + size]), torch.from_numpy(y[i : i + size])


model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(25):
    for xb, yb in batches(train_X, train_y, 40):
        loss = loss_fn(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", round(loss.item(), 4))

with torch.no_grad():
    hits = (model(torch.from_numpy(test_X)).argmax(1) == torch.from_numpy(test_y)).float().mean()
print("Test accuracy: %.4f" % hits.item())
