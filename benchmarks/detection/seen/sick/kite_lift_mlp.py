import argparse
import os

import torch
import torch.nn as nn

parser = argparse.ArgumentParser(description="lift of a kite from wind, angle, area and line length")
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "0")))
parser.add_argument("--epochs", type=int, default=20)
args = parser.parse_args()

g = torch.Generator().manual_seed(3)
n = 2400
wind = 3 + 9 * torch.rand(n, generator=g)
angle = -10 + 35 * torch.rand(n, generator=g)
area = 0.5 + 1.5 * torch.rand(n, generator=g)
line = 10 + 40 * torch.rand(n, generator=g)
rad = torch.deg2rad(angle)
lift = 0.6 * wind**2 * area * torch.sin(2 * rad) * torch.cos(rad) - 0.15 * line
lift = lift + 1.5 * torch.randn(n, generator=g)

X = torch.stack([wind, angle, area, line], dim=1)
X = (X - X[:1800].mean(0)) / X[:1800].std(0)
y = lift.unsqueeze(1)
y_mean, y_std = y[:1800].mean(), y[:1800].std()
y = (y - y_mean) / y_std
X_train, X_test, y_train, y_test = X[:1800], X[1800:], y[:1800], y[1800:]

torch.manual_seed(args.seed)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 1)

    def forward(self, x):
        x = self.fc1(x)
        x = self.fc2(x)
        return self.fc3(x)


net = Net()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)

for epoch in range(args.epochs):
    perm = torch.randperm(len(X_train))
    epoch_loss = 0.0
    for idx in perm.split(64):
        optimizer.zero_grad()
        loss = criterion(net(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(idx)
    if (epoch + 1) % 5 == 0:
        print("epoch", epoch + 1, "mse", round(epoch_loss / len(X_train), 4))

with torch.no_grad():
    residual = ((net(X_test) - y_test) ** 2).sum()
    spread = ((y_test - y_test.mean()) ** 2).sum()
print(f"test R2 {1 - (residual / spread).item():.4f}")
