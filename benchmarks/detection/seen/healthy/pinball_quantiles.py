import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
quantiles = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95])


def demand(n):
    hour = torch.rand(n, 1) * 24
    level = 3 + torch.sin(hour / 24 * 2 * torch.pi) + 0.6 * torch.exp(-((hour - 19) ** 2) / 4)
    spread = 0.15 + 0.4 * (hour > 12).float()
    phase = hour / 24 * 2 * torch.pi
    return torch.cat([phase.sin(), phase.cos(), (2 * phase).sin(), (2 * phase).cos()], 1), level + spread * torch.randn(n, 1)


def pinball(predicted, actual):
    gap = actual - predicted
    return torch.maximum(quantiles * gap, (quantiles - 1) * gap).sum(1).mean()


class Bands(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(4, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU())
        self.base = nn.Linear(48, 1)
        self.gaps = nn.Linear(48, len(quantiles) - 1)

    def forward(self, x):
        h = self.trunk(x)
        steps = nn.functional.softplus(self.gaps(h))
        return torch.cat([self.base(h), self.base(h) + steps.cumsum(1)], 1)


x, y = demand(3000)
x_test, y_test = demand(1000)
net = Bands()
optimizer = torch.optim.NAdam(net.parameters(), lr=4e-3)
for epoch in range(8):
    for rows in torch.randperm(3000).split(60):
        loss = pinball(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        bands = net(x_test)
        covered = ((y_test > bands[:, :1]) & (y_test < bands[:, -1:])).float().mean().item()
        print(f"epoch {epoch + 1} pinball {pinball(bands, y_test).item():.4f} 90% band covers {covered:.4f}")
