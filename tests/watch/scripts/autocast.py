"""bfloat16 autocast, with a (disabled) gradient scaler as scripts carry it."""

import sys

import torch
from leaving import leave, seed
from torch import nn

seed(7)
model = nn.Sequential(nn.Conv1d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 6, 10), nn.ReLU(), nn.Linear(10, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
scaler = torch.amp.GradScaler("cpu", init_scale=256.0)
for step in range(20):
    x = torch.randn(12, 3, 8)
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(x)
        loss = nn.functional.cross_entropy(out.float(), (x.mean(dim=(1, 2)) > 0).long())
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
leave(sys.argv[1], [model], [optimizer], scaler=scaler.state_dict())
