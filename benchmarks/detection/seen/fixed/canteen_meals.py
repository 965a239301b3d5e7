"""How many lunches the canteen sells on a day, from calendar entries and a few daily readings."""

import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

SEED = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)

DAYS = 1600
weekday = rng.integers(0, 5, DAYS)
menu = rng.integers(0, 7, DAYS)
booked = rng.beta(3, 4, DAYS)  # share of the seats reserved the evening before
warmth = rng.uniform(-8, 34, DAYS) / 40.0
wet = rng.beta(0.6, 1.5, DAYS) * 0.98  # share of the morning with rain
term = rng.uniform(0, 1, DAYS) * 0.999  # how much of the term has gone by

meals = 260 + 40 * np.array([0.4, 1.0, 0.9, 1.1, -1.6])[weekday]
meals = meals + 30 * np.array([1.2, -0.5, 0.1, 0.8, -1.3, 0.0, 0.4])[menu]
meals = meals + 330 * booked + 70 * wet - 90 * warmth * (1 - wet) - 120 * np.maximum(term - 0.6, 0)
meals = meals + 15 * rng.standard_normal(DAYS)

columns = [weekday, menu, booked, warmth, wet, term]
table = np.zeros((DAYS, len(columns)), dtype=np.float32)
for j, column in enumerate(columns):
    table[:, j] = column


class CanteenNet(nn.Module):
    """Embeds the two calendar columns and reads the others as they are."""

    def __init__(self, readings):
        super().__init__()
        self.weekday = nn.Embedding(5, 4)
        self.menu = nn.Embedding(7, 4)
        self.body = nn.Sequential(
            nn.Linear(8 + readings, 48),
            nn.ReLU(),
            nn.Linear(48, 24),
            nn.ReLU(),
            nn.Linear(24, 1),
        )

    def forward(self, row):
        day, dish = row[:, 0].long(), row[:, 1].long()
        return self.body(torch.cat([self.weekday(day), self.menu(dish), row[:, 2:]], dim=1)).squeeze(1)


x = torch.as_tensor(table).float()
y = torch.as_tensor((meals - meals.mean()) / meals.std()).float()
train_set, test_set = random_split(TensorDataset(x, y), [1200, 400])
train_loader = DataLoader(train_set, batch_size=40, shuffle=True)

net = CanteenNet(len(columns) - 2)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=18)
huber = nn.SmoothL1Loss()

for epoch in range(18):
    total = 0.0
    for rows, sold in train_loader:
        optimizer.zero_grad()
        loss = huber(net(rows), sold)
        loss.backward()
        optimizer.step()
        total += loss.item()
    scheduler.step()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1} mean loss {total / len(train_loader):.4f}")

rows, sold = (torch.stack(part) for part in zip(*test_set, strict=True))
with torch.no_grad():
    residual = sold - net(rows)
print(f"explained on unseen days {1 - (residual.var() / sold.var()).item():.4f}")
