"""Sizes of insurance claims in euros: a network with an exponential link, fitted by gamma deviance."""

import math
import os

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

N = 2400
age, power, value = rng.uniform(18, 80, N), rng.uniform(40, 250, N), rng.lognormal(9.5, 0.5, N)
night = rng.random(N) < 0.3
mean_size = 900 * (value / 13000) ** 0.8 * np.exp(0.9 * np.exp(-(age - 18) / 8) + 0.004 * power * night)
claim = rng.gamma(2.0, mean_size / 2.0)

x = torch.tensor(
    np.column_stack([(age - 49) / 18, (power - 145) / 60, np.log(value) - 9.5, night]), dtype=torch.float32
)
y = torch.tensor(claim, dtype=torch.float32)


class ClaimSize(nn.Module):
    def __init__(self, typical):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 1))
        self.base = nn.Parameter(torch.tensor(math.log(typical)))

    def forward(self, x):
        return torch.exp(self.base + self.score(x).squeeze(1))


def deviance(predicted, paid):
    return 2 * (paid / predicted - 1 - torch.log(paid / predicted)).mean()


model = ClaimSize(claim[:1800].mean())
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(10):
    for rows in torch.randperm(1800).split(40):
        loss = deviance(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 3 == 1:
        with torch.no_grad():
            unseen = deviance(model(x[1800:]), y[1800:]).item()
        print(f"epoch {epoch + 1}: deviance {loss.item():.3f} unseen {unseen:.3f}")
flat = deviance(y[:1800].mean().expand(600), y[1800:]).item()
best = deviance(torch.tensor(mean_size[1800:]).float(), y[1800:]).item()
print(f"one price for all {flat:.3f}, the true expectation {best:.3f}")
