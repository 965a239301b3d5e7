import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=15)
args = parser.parse_args()

g = torch.Generator().manual_seed(4)
n = 2000
area = 40 + 80 * torch.rand(n, generator=g)
rooms = (area / 25 + torch.randn(n, generator=g).mul(0.6)).round().clamp(1, 6)
distance = 15 * torch.rand(n, generator=g)
age = 90 * torch.rand(n, generator=g)
rent = 350 + 11 * area - 28 * distance + 60 * torch.sin(age / 15) + 40 * torch.randn(n, generator=g)

X = torch.stack([area, rooms, distance, age], dim=1)
X = (X - X[:1600].mean(0)) / X[:1600].std(0)
mean, std = rent[:1600].mean(), rent[:1600].std()
y = ((rent - mean) / std)[:, None]

torch.manual_seed(args.seed)
loader = DataLoader(TensorDataset(X[:1600], y[:1600]), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.MSELoss()

for epoch in range(args.epochs):
    total = 0.0
    for xb, yb in loader:
        loss = criterion(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1} loss {total / len(loader):.4f}")

with torch.no_grad():
    error = (model(X[1600:]) - y[1600:]).abs().mean().item() * std.item()
print(f"mean absolute error {error:.2f} euro")
