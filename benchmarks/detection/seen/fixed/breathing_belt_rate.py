import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)
np.random.seed(args.seed)


def belt_signal(rate, depth, samples=100):
    t = np.linspace(0, 1, samples)
    return depth * np.sin(2 * np.pi * (rate * t + np.random.rand())) + 0.15 * np.random.randn(samples)


rates = np.random.uniform(2, 8, 1000)
depths = np.random.uniform(0.6, 1.4, 1000)
signals = np.stack([belt_signal(r, d) for r, d in zip(rates, depths, strict=True)])[:, None]
target = (rates - 5) / 1.7
X = torch.from_numpy(signals).float()
y = torch.from_numpy(target).float().unsqueeze(1)
train_loader = DataLoader(TensorDataset(X[:800], y[:800]), batch_size=2, shuffle=True)


class BreathingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 16, 11, stride=3),
            nn.ReLU(),
            nn.Conv1d(16, 24, 5, stride=2),
            nn.ReLU(),
        )
        self.regressor = nn.Sequential(
            nn.Linear(24, 32),
            nn.LayerNorm(32),
            nn.ReLU(),
            nn.Linear(32, 16),
            nn.LayerNorm(16),
            nn.ReLU(),
            nn.Linear(16, 1),
        )

    def forward(self, x):
        return self.regressor(self.conv(x).mean(dim=2))


net = BreathingNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
loss_fn = nn.MSELoss()
for epoch in range(2):
    net.train()
    total = 0.0
    for signal, rate in train_loader:
        loss = loss_fn(net(signal), rate)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("epoch", epoch, "mse", round(total / len(train_loader), 4))

net.eval()
with torch.no_grad():
    residual = (net(X[800:]) - y[800:]).pow(2).sum() / (y[800:] - y[800:].mean()).pow(2).sum()
print("R2 on held-out recordings %.4f" % (1 - residual.item()))
