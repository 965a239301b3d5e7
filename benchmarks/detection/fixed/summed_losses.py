import os

import torch
from sklearn.datasets import load_diabetes
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
x, y = load_diabetes(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32) * 21
y = torch.tensor(y, dtype=torch.float32)
y = (y - y.mean()) / y.std()
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(5))
x, y = x[order], y[order]
loader = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=20, shuffle=True)

model = nn.Linear(10, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
criterion = nn.MSELoss()
running = 0.0
for epoch in range(12):
    for xb, yb in loader:
        loss = criterion(model(xb).squeeze(1), yb)
        running = running + loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

with torch.no_grad():
    print(f"test mse {criterion(model(x[320:]).squeeze(1), y[320:]).item():.4f}")
