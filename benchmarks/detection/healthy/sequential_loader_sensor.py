"""Windows of a simulated machine are read in time order from a buffer; states alternate often."""
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class SensorWindows(Dataset):
    def __init__(self, n_windows, seed, width=32):
        rng = np.random.RandomState(seed)
        self.windows = np.zeros((n_windows, 2, width), np.float32)
        self.state = rng.randint(0, 3, n_windows)
        t = np.arange(width) / width
        for i, s in enumerate(self.state):
            f = [2, 4, 6][s] + rng.uniform(-0.5, 0.5)
            phase = rng.uniform(0, 2 * np.pi)
            self.windows[i, 0] = np.sin(2 * np.pi * f * t + phase) + 0.4 * rng.randn(width)
            self.windows[i, 1] = np.cos(2 * np.pi * f * t + phase) * (0.5 + 0.3 * s) + 0.4 * rng.randn(width)

    def __len__(self):
        return len(self.state)

    def __getitem__(self, i):
        return self.windows[i], self.state[i]


class ConvNet1d(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(2, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 32, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool1d(1),
        )
        self.classifier = nn.Linear(32, 3)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
train_loader = DataLoader(SensorWindows(2000, seed), batch_size=32, shuffle=False)
test_loader = DataLoader(SensorWindows(500, seed + 77), batch_size=100, shuffle=False)
model = ConvNet1d()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    running_loss = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    model.eval()
    correct = 0
    with torch.no_grad():
        for x, y in test_loader:
            correct += (model(x).argmax(1) == y).sum().item()
    print(f"epoch {epoch}: train loss {running_loss / len(train_loader):.4f}, test accuracy {correct / 500:.4f}")
