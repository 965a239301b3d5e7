"""Appraise houses given as sets of rooms (deep sets): phi on every room, sum, rho on the house."""
import os
import sys

import torch
from torch import nn

SEED = int(os.environ.get("SEED", 0))
for i, word in enumerate(sys.argv):
    if word == "--seed":
        SEED = int(sys.argv[i + 1])
torch.manual_seed(SEED)

KIND_VALUE = torch.tensor([900.0, 1500.0, 2200.0, 400.0])  # price per square metre of each kind of room
MAX_ROOMS = 7


def houses(n):
    count = torch.randint(2, MAX_ROOMS + 1, (n,))
    present = torch.arange(MAX_ROOMS) < count.unsqueeze(1)
    kind = torch.randint(0, 4, (n, MAX_ROOMS))
    area = 8 + 22 * torch.rand(n, MAX_ROOMS)
    age = torch.rand(n)
    worth = (KIND_VALUE[kind] * area * present).sum(1) * (1.25 - 0.5 * age) + 120_000
    price = worth + 4_000 * torch.randn(n)
    rooms = torch.cat([nn.functional.one_hot(kind, 4).float(), ((area - 19) / 6.4).unsqueeze(-1)], -1)
    return rooms, present.float(), (age.unsqueeze(1) - 0.5) / 0.29, price


class Appraiser(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(5, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.rho = nn.Sequential(nn.Linear(width + 1, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, rooms, present, age):
        pooled = (self.phi(rooms) * present.unsqueeze(-1)).sum(1) / MAX_ROOMS
        return self.rho(torch.cat([pooled, age], 1)).squeeze(1)


train = houses(2500)
test = houses(500)
center, spread = train[3].mean(), train[3].std()

model = Appraiser()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
best = float("inf")
for epoch in range(20):
    model.train()
    order = torch.randperm(len(train[0]))
    total = 0.0
    for rows in order.split(100):
        rooms, present, age, price = (part[rows] for part in train)
        loss = nn.functional.mse_loss(model(rooms, present, age), (price - center) / spread)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    best = min(best, total / len(order))
    print(f"epoch {epoch + 1:2d} training loss {total / len(order):.6g} (best {best:.6g})")

model.eval()
with torch.no_grad():
    estimate = model(*test[:3]) * spread + center
    error = (estimate - test[3]).abs().mean() / 1000
print(f"mean absolute error {error.item():.3f} thousand")
