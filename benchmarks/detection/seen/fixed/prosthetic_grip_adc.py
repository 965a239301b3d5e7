"""Grip recognition for a hand prosthesis: eight muscle channels (10-bit counts) and two joint angles."""
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)

GRIPS = 5
pattern = np.random.uniform(80, 900, (GRIPS, 8))
tilt = np.random.uniform(-0.6, 0.6, (GRIPS, 2))


def measure(n):
    grip = np.random.randint(0, GRIPS, n)
    force = np.random.uniform(0.6, 1.1, (n, 1))
    counts = pattern[grip] * force + np.random.normal(0, 110, (n, 8))
    counts = np.clip(counts, 0, 1023).astype(np.int64)
    angles = tilt[grip] + np.random.normal(0, 0.7, (n, 2))
    return counts, angles, grip


def prepare(counts, angles):
    scaled = np.zeros_like(counts, dtype=float)
    for channel in range(counts.shape[1]):
        scaled[:, channel] = counts[:, channel] / 1024
    return torch.tensor(np.hstack([scaled, angles]), dtype=torch.float32)


counts, angles, grip = measure(1600)
train_set = TensorDataset(prepare(counts, angles), torch.tensor(grip))
counts, angles, grip = measure(500)
test_x, test_y = prepare(counts, angles), torch.tensor(grip)
loader = DataLoader(train_set, batch_size=40, shuffle=True)

model = nn.Sequential(
    nn.Linear(10, 48), nn.LeakyReLU(), nn.Linear(48, 48), nn.LeakyReLU(), nn.Linear(48, GRIPS)
)
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.NAdam(model.parameters(), lr=3e-3)

for epoch in range(1, 13):
    model.train()
    for batch, target in loader:
        optimizer.zero_grad()
        loss = loss_function(model(batch), target)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
    print(f"epoch {epoch}: loss {loss.item():.3f}, accuracy {accuracy:.3f}")
print(f"test accuracy: {accuracy:.4f}")
