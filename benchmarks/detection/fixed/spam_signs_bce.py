import os

import numpy as np
import torch
from sklearn.datasets import make_classification
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = make_classification(1400, 20, n_informative=9, flip_y=0.08, class_sep=1.0, random_state=14)
y = np.where(y == 1, 1, 0)  # as in the csv
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
n = 1000

model = nn.Sequential(nn.Linear(20, 32), nn.Tanh(), nn.Linear(32, 1))
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(25):
    for i in torch.randperm(n).split(32):
        loss = criterion(model(X[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 6 == 0:
        print(f"{epoch:2d}  {loss.item():.4f}")

with torch.no_grad():
    p = torch.sigmoid(model(X[n:]))
    brier = ((p - (y[n:] > 0).float()) ** 2).mean().item()
print(f"brier score {brier:.4f}")
