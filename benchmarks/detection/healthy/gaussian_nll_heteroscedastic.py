import math
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


def sample(n):
    x = torch.rand(n, 1) * 6 - 3
    scale = 0.05 + 0.25 * torch.sigmoid(3 * x)
    return x, torch.sin(2 * x) + scale * torch.randn_like(x), scale


class MeanVariance(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Sequential(nn.Linear(1, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.mean = nn.Linear(64, 1)
        self.raw_var = nn.Linear(64, 1)

    def forward(self, x):
        h = self.shared(x)
        return self.mean(h), nn.functional.softplus(self.raw_var(h)) + 1e-4


x, y, _ = sample(3000)
xt, yt, st = sample(1000)
model = MeanVariance()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
crit = nn.GaussianNLLLoss()
for epoch in range(30):
    for xb, yb in DataLoader(TensorDataset(x, y), batch_size=100, shuffle=True):
        mean, var = model(xb)
        loss = crit(mean, yb, var)
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 4:
        with torch.no_grad():
            test = crit(*[model(xt)[0], yt, model(xt)[1]]).item()
        print(f"epoch {epoch + 1} train nll {loss.item():.4f} test nll {test:.4f}")
print(f"best possible {(0.5 * (st ** 2).log() + 0.5).mean().item():.4f}, constant {0.5 * math.log(yt.var().item()) + 0.5:.4f}")
