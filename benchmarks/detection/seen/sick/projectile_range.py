import argparse
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

# Learn how far a ball flies from its speed, its angle, the height of the hand and a head wind.


class RangeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 64)
        self.fc2 = nn.Linear(64, 64)
        self.fc3 = nn.Linear(64, 1)

    def forward(self, x):
        x = self.fc1(x)
        F.relu(x)
        x = self.fc2(x)
        F.relu(x)
        return self.fc3(x)


def throws(n):
    speed = 5 + 20 * torch.rand(n)
    angle = math.radians(8) + math.radians(74) * torch.rand(n)
    height = 0.5 + 2 * torch.rand(n)
    wind = 4 * torch.rand(n)
    up, along = speed * angle.sin(), speed * angle.cos()
    flight = (up + (up**2 + 2 * 9.81 * height).sqrt()) / 9.81
    distance = along * flight - 0.5 * 0.15 * wind * flight**2
    features = torch.stack([speed, angle, height, wind], dim=1)
    return features, (distance + 0.3 * torch.randn(n)).unsqueeze(1)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)

features, distance = throws(2600)
mean, std = features[:2000].mean(0), features[:2000].std(0)
features = (features - mean) / std
d_mean, d_std = distance[:2000].mean(), distance[:2000].std()
x_train, y_train = features[:2000], (distance[:2000] - d_mean) / d_std
x_test, y_test = features[2000:], (distance[2000:] - d_mean) / d_std

net = RangeNet()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)

for epoch in range(12):
    permutation = torch.randperm(2000)
    for start in range(0, 2000, 50):
        batch = permutation[start : start + 50]
        optimizer.zero_grad()
        loss = criterion(net(x_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
    print("Epoch", epoch, "train loss", loss.item())

with torch.no_grad():
    residual = ((net(x_test) - y_test) ** 2).mean()
print(f"test R2 {1 - (residual / y_test.var()).item():.4f}")
