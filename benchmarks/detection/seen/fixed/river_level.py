"""River level a day ahead from the last two weeks of gauges."""
import os

import numpy as np
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def gauges(days, seed):
    rng = np.random.default_rng(seed)
    rain = rng.gamma(0.6, 1.0, days) * (rng.random(days) < 0.45)
    soil, level, levels = 0.5, 0.0, []
    for r in rain:
        soil = min(1.0, 0.9 * soil + 0.08 * r)
        level = 0.75 * level + r * soil ** 2 + 0.02 * rng.normal()
        levels.append(level)
    return rain, np.array(levels)


rain, level = gauges(3200, 8)
WINDOW = 14
rows = np.stack([np.concatenate([rain[t - WINDOW + 1:t + 1], level[t - WINDOW:t]]) for t in range(WINDOW, len(rain))])
target = level[WINDOW:]
cut = 2400
mean, std = rows[:cut].mean(0), rows[:cut].std(0)
t_mean, t_std = target[:cut].mean(), target[:cut].std()
x = torch.tensor((rows - mean) / std, dtype=torch.float32)
y = torch.tensor((target - t_mean) / t_std, dtype=torch.float32).unsqueeze(1)

model = nn.Sequential(nn.Linear(2 * WINDOW, 48), nn.Tanh(), nn.Linear(48, 24), nn.Tanh(), nn.Linear(24, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
for epoch in range(18):
    model.train()
    losses = []
    for idx in torch.randperm(cut).split(64):
        loss = nn.functional.mse_loss(model(x[:cut][idx]), y[:cut][idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1} mse {np.mean(losses):.4f}")
model.eval()
with torch.no_grad():
    print(f"test rmse {nn.functional.mse_loss(model(x[cut:]), y[cut:]).sqrt().item():.4f}")
