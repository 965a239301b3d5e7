"""Radial basis functions over a field: most units are silent for most points."""
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", "0")))


class RadialLayer(nn.Module):
    def __init__(self, centres, width):
        super().__init__()
        self.centres = nn.Parameter(centres.clone())
        self.log_width = nn.Parameter(torch.full((len(centres),), width).log())

    def forward(self, x):
        squared = (x.unsqueeze(1) - self.centres).pow(2).sum(dim=2)
        return torch.exp(-squared / (2 * self.log_width.exp() ** 2))


class RadialNet(nn.Module):
    def __init__(self, centres):
        super().__init__()
        self.radial = RadialLayer(centres, 0.3)
        self.weights = nn.Linear(len(centres), 1)
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)

    def forward(self, x):
        return self.weights(self.radial(x)).squeeze(1)


def moisture(xy):
    return torch.sin(1.5 * xy[:, 0]) * torch.cos(1.2 * xy[:, 1]) + 0.3 * (xy[:, 0] > 1).float()


x = torch.rand(2000, 2) * 8 - 4
y = moisture(x) + 0.05 * torch.randn(2000)
x_test = torch.rand(500, 2) * 8 - 4
net = RadialNet(x[torch.randperm(2000)[:150]])
loader = DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True)
optimizer = torch.optim.Adam([
    {"params": net.radial.parameters(), "lr": 0.003},
    {"params": net.weights.parameters(), "lr": 0.03},
])

for epoch in range(15):
    for xb, yb in loader:
        loss = nn.functional.smooth_l1_loss(net(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 0:
        print(f"epoch {epoch} loss {loss.item():.5f}")

with torch.no_grad():
    truth = moisture(x_test)
    r2 = 1 - (net(x_test) - truth).pow(2).sum() / (truth - truth.mean()).pow(2).sum()
print(f"test R2 {r2.item():.4f}")
