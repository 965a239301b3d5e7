"""Stars (1 to 5) that guests give a cabin, predicted as a number: whole stars are an amount, not a class."""

import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
rng = np.random.default_rng(44)
N = 2600
comfort = rng.normal(size=(N, 6))
liking = (
    1.1 * np.tanh(comfort[:, 0]) + 0.7 * comfort[:, 1] * (comfort[:, 2] > 0) - 0.5 * np.abs(comfort[:, 3])
)
liking = liking + 0.25 * rng.normal(size=N)
stars = np.digitize(liking, [-1.2, -0.5, 0.2, 0.8]) + 1

x = torch.tensor(comfort, dtype=torch.float32)
y = torch.tensor(stars)
x_train, y_train, x_test, y_test = x[:2000], y[:2000], x[2000:], y[2000:]
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=50, shuffle=True)


class Guest(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(6, 48), nn.SiLU(), nn.Linear(48, 24), nn.SiLU(), nn.Linear(24, 1)
        )
        nn.init.constant_(self.layers[-1].bias, 3.0)

    def forward(self, cabin):
        return self.layers(cabin).flatten()


guest = Guest()
optimizer = torch.optim.AdamW(guest.parameters(), lr=3e-3, weight_decay=1e-2)
for epoch in range(10):
    total = 0.0
    for cabin, rating in loader:
        loss = nn.functional.mse_loss(guest(cabin), rating.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1}: mean squared error {total / len(loader):.4f}")

with torch.no_grad():
    said = guest(x_test)
usual = y_train.float().mean()
print(f"always {usual:.2f} stars: mean absolute error {(y_test - usual).abs().mean():.4f}")
print(f"within half a star {((said - y_test).abs() < 0.5).float().mean():.4f}")
print(f"test mean absolute error {(said - y_test).abs().mean():.4f}")
