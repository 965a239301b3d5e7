import argparse
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


def simulate(hours, rng):
    """Hourly log of a station: pressure hPa, temperature K, humidity %, wind direction degrees, radiation W/m2."""
    front = np.zeros(hours)
    for h in range(1, hours):
        front[h] = 0.97 * front[h - 1] + rng.normal(0, 0.25)
    day = np.arange(hours) % 24
    pressure = 1013.0 - 6.0 * front + rng.normal(0, 0.5, hours)
    sun = np.clip(np.sin((day - 6) / 12 * np.pi), 0, None) * (700 - 120 * front)
    temperature = 285 + 5 * np.sin((day - 9) / 12 * np.pi) - 2 * front + rng.normal(0, 0.5, hours)
    humidity = np.clip(60 + 12 * front - 0.02 * sun + rng.normal(0, 3, hours), 0, 100)
    wind = (180 + 60 * front + rng.normal(0, 20, hours)) % 360
    return np.stack([pressure, temperature, humidity, wind, sun], axis=1).astype(np.float32)


class StationWindows(Dataset):
    """Twelve hours in, change of temperature over the next three hours out (K)."""

    def __init__(self, log, window=12, ahead=3):
        self.log = torch.from_numpy(log)
        change = log[window - 1 + ahead:, 1] - log[window - 1:-ahead, 1]
        self.change = torch.from_numpy(change)
        self.window = window

    def __len__(self):
        return len(self.change)

    def __getitem__(self, i):
        return self.log[i:i + self.window], self.change[i]


class Nowcaster(nn.Module):
    def __init__(self, channels=5, hidden=32):
        super().__init__()
        self.gru = nn.GRU(channels, hidden, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(self.drop(out[:, -1])).squeeze(-1)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
log = simulate(3000, np.random.default_rng(args.seed))
log = (log - log[:2400].mean(0)) / log[:2400].std(0)
past, future = log[:2400], log[2400:]

train_loader = DataLoader(StationWindows(past), batch_size=64, shuffle=True, drop_last=True)
test_loader = DataLoader(StationWindows(future), batch_size=256)
model = Nowcaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()
for epoch in range(12):
    model.train()
    losses = []
    for x, y in train_loader:
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        losses.append(loss.item())
    print("epoch %2d  mse %.4f" % (epoch, np.mean(losses)))

model.eval()
with torch.no_grad():
    pairs = [(model(x), y) for x, y in test_loader]
guess, truth = (torch.cat(part) for part in zip(*pairs))
print("test R2 %.4f" % (1 - ((guess - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()).item())
