"""Predict the (log) price of used cars from year, mileage, engine size and power."""
import os
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

np.random.seed(5)
torch.manual_seed(int(os.environ.get("SEED", 0)))

n = 1500
year = np.random.randint(1998, 2023, n)
mileage = np.random.gamma(3.0, 30000, n)
engine = np.random.choice([1.0, 1.2, 1.4, 1.6, 2.0, 3.0], n)
power = engine * 60 + np.random.randn(n) * 12
log_price = 0.09 * (year - 2010) - mileage / 120000 + 0.006 * power + 0.05 * np.random.randn(n)

table = np.stack([year, mileage, engine, power], axis=1).astype(np.float32)
target = ((log_price - log_price.mean()) / log_price.std()).astype(np.float32)[:, None]

dataset = TensorDataset(torch.tensor(table), torch.tensor(target))
train_ds, test_ds = random_split(dataset, [1200, 300], generator=torch.Generator().manual_seed(0))
train_dl = DataLoader(train_ds, batch_size=32, shuffle=True)
test_dl = DataLoader(test_ds, batch_size=300)

model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
loss_func = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(18):
    model.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        loss = loss_func(model(xb), yb)
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: last batch {loss.item():.4f}")

model.eval()
with torch.no_grad():
    xb, yb = next(iter(test_dl))
    print(f"test mse: {loss_func(model(xb), yb).item():.4f}")
