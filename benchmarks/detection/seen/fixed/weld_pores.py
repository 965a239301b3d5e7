"""Find pores in weld images: one score per pixel, pores are rare."""
import math
import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import f1_score

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
SIZE = 20


def welds(n, seed):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:SIZE, :SIZE]
    image = rng.normal(0, 0.5, (n, SIZE, SIZE))
    mask = np.zeros((n, SIZE, SIZE), dtype=np.float32)
    for i in range(n):
        image[i] += 0.8 * np.sin(xx / rng.uniform(2, 5) + rng.uniform(0, 6))
        for _ in range(rng.integers(1, 3)):
            cy, cx = rng.integers(3, SIZE - 3, 2)
            dist = np.hypot(yy - cy, xx - cx)
            image[i] += -1.8 * (dist <= 1.1) + 1.2 * ((dist > 1.1) & (dist <= 2.3))
            mask[i][dist <= 1.1] = 1
        for _ in range(3):  # dark specks without a rim are dirt
            cy, cx = rng.integers(3, SIZE - 3, 2)
            image[i] += -1.8 * (np.hypot(yy - cy, xx - cx) <= 1.1)
    return torch.tensor(image, dtype=torch.float32).unsqueeze(1), torch.tensor(mask).unsqueeze(1)


x, m = welds(500, 1)
x_test, m_test = welds(150, 2)
mu, sd = x.mean(), x.std()
x, x_test = (x - mu) / sd, (x_test - mu) / sd

net = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(),
                    nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(),
                    nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(),
                    nn.Conv2d(12, 1, 1))
prior = 0.02
nn.init.normal_(net[-1].weight, std=0.05)
nn.init.constant_(net[-1].bias, -math.log((1 - prior) / prior))

optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_fn = nn.BCEWithLogitsLoss()
epochs = 10
for epoch in range(epochs):
    order = torch.randperm(len(x))
    total = 0.0
    for i in range(0, len(x), 16):
        idx = order[i:i + 16]
        loss = loss_fn(net(x[idx]), m[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch:2d} loss {total / len(x):.5f}")

net.eval()
with torch.no_grad():
    found = (net(x_test) > 0).flatten().numpy()
print(f"pore f1 {f1_score(m_test.flatten().numpy(), found, zero_division=0):.4f}")
