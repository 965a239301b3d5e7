import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
rng = np.random.RandomState(0)

# size, age, rooms, distance to centre: already standardised
n = 1200
X = rng.randn(n, 4).astype(np.float32)
price = 4.0 + 1.5 * X[:, 0] - 0.5 * X[:, 1] + 0.8 * X[:, 2] * (X[:, 0] > 0) - 1.0 * X[:, 3] + 0.2 * rng.randn(n)
y = price.astype(np.float32).reshape(-1, 1)

X, y = torch.from_numpy(X), torch.from_numpy(y)
train_loader = DataLoader(TensorDataset(X[:900], y[:900]), batch_size=32, shuffle=True)


class HousePriceModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(4, 32),
            nn.ReLU(),
            nn.Linear(32, 16),
            nn.ReLU(),
            nn.Linear(16, 1),
        )

    def forward(self, x):
        return self.net(x)


model = HousePriceModel()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

for epoch in range(20):
    for batch_x, batch_y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(batch_x), batch_y)
        loss.backward()
        optimizer.step()
    print(f"Epoch [{epoch + 1}/20], Loss: {loss.item():.4f}")

with torch.no_grad():
    print(f"Test MSE: {criterion(model(X[900:]), y[900:]).item():.4f}")
