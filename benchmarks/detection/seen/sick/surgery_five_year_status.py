import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
np.random.seed(int(os.environ.get("SEED", 0)))

# age at operation, years since 1958, positive nodes found; status 1 = lived five years, 2 = did not
n = 1500
age = np.random.normal(52, 11, n)
year = np.random.randint(0, 12, n)
nodes = np.random.geometric(0.2, n) - 1
risk = 0.07 * (age - 52) + 0.55 * (nodes - 4) - 0.12 * (year - 6)
status = np.where(np.random.rand(n) < 1 / (1 + np.exp(-1.5 * risk)), 2, 1)

X = np.stack([age, year, nodes], axis=1)
X = (X - X[:1100].mean(0)) / X[:1100].std(0)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(status, dtype=torch.float32).unsqueeze(1)

train_dl = DataLoader(TensorDataset(X[:1100], y[:1100]), batch_size=32, shuffle=True)

model = nn.Sequential(
    nn.Linear(3, 16),
    nn.ReLU(),
    nn.Linear(16, 16),
    nn.ReLU(),
    nn.Linear(16, 1),
)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

for epoch in range(12):
    running = 0.0
    for xb, yb in train_dl:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"Epoch {epoch + 1}/12, loss: {running / len(train_dl):.4f}")

model.eval()
with torch.no_grad():
    predicted = (torch.sigmoid(model(X[1100:])) > 0.5).float()
    acc = (predicted == y[1100:]).float().mean().item()
print(f"Accuracy: {acc:.4f}")
