"""Dropout, Adam, an evaluation after every epoch."""

import random
import sys

import numpy as np
import torch
import torch.nn.functional as F
from leaving import leave, seed
from torch import nn

seed(1)
centres = torch.randn(3, 6) * 2
y = torch.randint(0, 3, (360,))
x = centres[y] + torch.randn(360, 6)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
losses = []
for epoch in range(4):
    model.train()
    order = np.random.permutation(300)
    for at in range(0, 300, 30):
        batch = torch.from_numpy(order[at : at + 30])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[batch] + random.gauss(0, 0.1)), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
    model.eval()
    with torch.no_grad():
        validation = F.cross_entropy(model(x[300:]), y[300:]).item()
    print(f"epoch {epoch}: {loss.item():.6f} {validation:.6f}")
leave(sys.argv[1], [model], [optimizer], losses=losses, scheduler=scheduler.state_dict())
