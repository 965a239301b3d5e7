import os

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)


def record(n, length=48):
    t = np.arange(length) / length
    kind = np.random.randint(0, 3, n)
    base = np.random.uniform(4, 7, n)[:, None]
    phase = np.random.uniform(0, 2 * np.pi, (n, 1))
    signal = np.sin(2 * np.pi * base * t + phase)
    second = np.where(kind[:, None] == 1, 0.8, 0.0) * np.sin(4 * np.pi * base * t + phase)
    knocks = (kind[:, None] == 2) * (np.random.rand(n, length) < 0.08) * 2.0
    signal = signal + second + knocks + 0.2 * np.random.randn(n, length)
    return torch.tensor(signal[:, None], dtype=torch.float32), torch.tensor(kind)


def stage(c_in, c_out, pool=False):
    conv = nn.Conv1d(c_in, c_out, kernel_size=5, padding=2)
    nn.init.kaiming_normal_(conv.weight)
    layers = [conv, nn.ReLU()]
    if pool:
        layers.append(nn.AvgPool1d(2))
    return layers


model = nn.Sequential(
    *stage(1, 12),
    *stage(12, 12, pool=True),
    *stage(12, 16),
    *stage(16, 16, pool=True),
    *stage(16, 16),
    *stage(16, 16, pool=True),
    *stage(16, 16),
    nn.AdaptiveAvgPool1d(1),
    nn.Flatten(),
    nn.Linear(16, 3),
)
x_train, y_train = record(960)
x_test, y_test = record(400)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=8, gamma=0.5)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(7):
    total = 0.0
    for batch in torch.randperm(960).split(32):
        optimizer.zero_grad()
        loss = loss_fn(model(x_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    scheduler.step()
    print("epoch %d  train loss %.4f" % (epoch + 1, total / 960))
with torch.no_grad():
    print("test accuracy %.4f" % (model(x_test).argmax(1) == y_test).float().mean())
