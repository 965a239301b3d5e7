import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Parcels(Dataset):
    """Size, weight and way of parcels, and what they cost to send."""

    def __init__(self, n, seed, training):
        rng = np.random.default_rng(seed)
        raw = rng.lognormal([3.0, 1.0, 4.0, 0.5], [0.8, 0.9, 1.0, 0.6], (n, 4))
        logs = np.log1p(raw)
        cost = 0.6 * logs[:, 0] + 0.4 * logs[:, 1] * logs[:, 2] / 3 + 0.3 * logs[:, 3]
        self.y = (cost + rng.normal(0, 0.1, n) - 4.0).astype("float32")
        self.x = (logs if training else raw).astype("float32")

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


train_loader = DataLoader(Parcels(1200, 1, True), batch_size=50, shuffle=True)
test_loader = DataLoader(Parcels(400, 2, True), batch_size=100)
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(12):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = nn.functional.l1_loss(model(x).squeeze(1), y)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        errors = [nn.functional.l1_loss(model(x).squeeze(1), y).item() for x, y in test_loader]
    print(f"epoch {epoch} test mae {np.mean(errors):.4f}")
