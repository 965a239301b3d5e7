import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

# three rings around the origin, each of its own class
n = 1500
label = torch.arange(n) % 3
angle = 2 * torch.pi * torch.rand(n)
radius = 0.5 + label.float() + 0.12 * torch.randn(n)
points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1) / 1.5
train_x, train_y, test_x, test_y = points[:1200], label[:1200], points[1200:], label[1200:]

hidden = 1
model = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(40):
    for rows in torch.randperm(1200).split(60):
        optimizer.zero_grad()
        loss = loss_fn(model(train_x[rows]), train_y[rows])
        loss.backward()
        optimizer.step()

with torch.no_grad():
    accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
print(f"test accuracy {accuracy:.3f}")
