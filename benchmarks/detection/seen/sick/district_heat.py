"""Hourly heat demand of a district network from weather and calendar."""
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


class HeatNet(nn.Module):
    def __init__(self, n_weather):
        super().__init__()
        self.hour = nn.Embedding(24, 8)
        self.day = nn.Embedding(7, 4)
        self.body = nn.Sequential(nn.Linear(n_weather + 12, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
        self.out = nn.Linear(64, 1)

    def forward(self, weather, hour, day):
        z = torch.cat([weather, self.hour(hour), self.day(day)], dim=1)
        return self.out(self.body(z)).squeeze(1)


def make_data(n=4200):
    rng = np.random.default_rng(3)
    hour = rng.integers(0, 24, n)
    day = rng.integers(0, 7, n)
    outdoor = rng.normal(4, 8, n)
    wind = rng.gamma(2, 2, n)
    sun = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * rng.uniform(0, 1, n)
    load = 260 * np.log1p(np.exp((15 - outdoor) / 4)) * (1 + 0.04 * wind)
    load += 450 * np.exp(-((hour - 7) ** 2) / 6) * (day < 5) + 380 * np.exp(-((hour - 19) ** 2) / 8)
    load -= 300 * sun
    load += 2600 + rng.normal(0, 60, n)
    weather = np.column_stack([outdoor, wind, sun])
    weather = (weather - weather.mean(0)) / weather.std(0)
    return (torch.tensor(weather, dtype=torch.float32), torch.tensor(hour), torch.tensor(day),
            torch.tensor(load, dtype=torch.float32))


weather, hour, day, load = make_data()
order = torch.randperm(len(load), generator=torch.Generator().manual_seed(5))
fit_idx, test_idx = order[:3360], order[3360:]

offset, unit = 0.0, 1.0

model = HeatNet(weather.shape[1])
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(12):
    total = 0.0
    for chunk in fit_idx[torch.randperm(len(fit_idx))].split(96):
        prediction = model(weather[chunk], hour[chunk], day[chunk])
        loss = F.smooth_l1_loss(prediction, (load[chunk] - offset) / unit)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: {total / 35:.4f}")

model.eval()
with torch.no_grad():
    forecast = model(weather[test_idx], hour[test_idx], day[test_idx]) * unit + offset
print(f"MAE {(forecast - load[test_idx]).abs().mean().item():.2f} kW")
