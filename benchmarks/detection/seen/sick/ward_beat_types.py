import os
import time

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", 0))
np.random.seed(SEED)
torch.manual_seed(SEED)

TYPES = ["normal", "premature", "ventricular", "fusion"]
SHARES = [0.925, 0.035, 0.025, 0.015]
L = 72


def bump(centre, width, height):
    t = np.arange(L)
    return height * np.exp(-0.5 * ((t - centre) / width) ** 2)


def beat(kind):
    shift = np.random.normal(0, 1.5)
    s = bump(22 + shift, 4, 0.25) + bump(34 + shift, 1.6, 1.0) - bump(38 + shift, 2, 0.35) + bump(54 + shift, 6, 0.4)
    k = np.random.uniform(0.35, 1.0)
    if kind == 1:
        s += k * (bump(14 + shift, 4, 0.4) - bump(22 + shift, 4, 0.35))
    elif kind == 2:
        s += k * (bump(36 + shift, 6, 0.55) - bump(54 + shift, 6, 0.7))
    elif kind == 3:
        s += k * (bump(30 + shift, 4, 0.45) - bump(34 + shift, 1.6, 0.4))
    return s + np.random.normal(0, 0.22, L)


def record(n):
    y = np.random.choice(4, n, p=SHARES)
    x = np.stack([beat(k) for k in y])[:, None]
    return TensorDataset(torch.tensor(x, dtype=torch.float32), torch.tensor(y))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(channels, channels, 5, padding=2), nn.ReLU(), nn.Conv1d(channels, channels, 5, padding=2)
        )

    def forward(self, x):
        return torch.relu(x + self.body(x))


class BeatNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(1, 12, 7, stride=2, padding=3)
        self.blocks = nn.Sequential(Block(12), nn.MaxPool1d(2), Block(12), nn.MaxPool1d(2))
        self.fc = nn.Linear(12 * 9, 4)

    def forward(self, x):
        return self.fc(self.blocks(torch.relu(self.stem(x))).flatten(1))


def evaluate(model, data):
    model.eval()
    x, y = data.tensors
    with torch.no_grad():
        pred = model(x).argmax(1)
    return [(pred[y == k] == k).float().mean().item() for k in range(4)], (pred == y).float().mean().item()


train_set, test_set = record(2400), record(2400)
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
counts = torch.bincount(train_set.tensors[1], minlength=4)
print("beats per type:", dict(zip(TYPES, counts.tolist())))

model = BeatNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
start = time.time()
for epoch in range(8):
    model.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    recalls, acc = evaluate(model, test_set)
    print(f"epoch {epoch} loss {loss.item():.3f} accuracy {acc:.3f} " + " ".join(f"{n}={r:.2f}" for n, r in zip(TYPES, recalls)))

print(f"done in {time.time() - start:.1f} s")
print(f"mean recall {np.mean(recalls):.4f}")
