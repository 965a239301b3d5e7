import os

import numpy as np
import torch
from sklearn.datasets import make_circles
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class HighwayLayer(nn.Module):
    def __init__(self, size, gate_bias=-1.0):
        super().__init__()
        self.transform = nn.Linear(size, size)
        self.gate = nn.Linear(size, size)
        nn.init.constant_(self.gate.bias, gate_bias)
        self.act = nn.ELU()
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        t = self.sigmoid(self.gate(x))
        return t * self.act(self.transform(x)) + (1.0 - t) * x


class HighwayNet(nn.Module):
    def __init__(self, depth=5, size=24):
        super().__init__()
        self.inlet = nn.Linear(2, size)
        self.body = nn.ModuleList([HighwayLayer(size) for _ in range(depth)])
        self.outlet = nn.Linear(size, 1)

    def forward(self, x):
        x = self.inlet(x)
        for layer in self.body:
            x = layer(x)
        return self.outlet(x).squeeze(-1)


points, ring = make_circles(1500, noise=0.08, factor=0.55, random_state=seed)
points = torch.tensor(points.astype(np.float32) * 1.5)
ring = torch.tensor(ring, dtype=torch.float32)
train_x, train_y, test_x, test_y = points[:1100], ring[:1100], points[1100:], ring[1100:]

model = HighwayNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
step = 0
while step < 350:
    for idx in torch.randperm(len(train_x)).split(32):
        optimizer.zero_grad()
        loss = criterion(model(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0:
            with torch.no_grad():
                acc = ((model(test_x) > 0) == (test_y > 0.5)).float().mean().item()
            print(f"step {step}: loss {loss.item():.4f} accuracy {acc:.4f}")
