"""Six instruments, a quarter of a second each: which one is playing?"""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.RandomState(seed)

OVERTONES = np.array([
    [1.0, 0.1, 0.05, 0.0], [1.0, 0.8, 0.1, 0.1], [0.6, 1.0, 0.5, 0.1],
    [1.0, 0.1, 0.7, 0.1], [0.5, 0.4, 0.5, 1.0], [0.9, 0.7, 0.6, 0.5],
])


def play(instrument, notes):
    t = np.arange(128) / 128
    out = np.zeros((notes, 128))
    for i in range(notes):
        pitch = rng.uniform(5, 8)
        for k, amp in enumerate(OVERTONES[instrument]):
            out[i] += amp * rng.uniform(0.8, 1.2) * np.sin(
                2 * np.pi * (k + 1) * pitch * t + rng.uniform(0, 6.28)
            )
    out += rng.normal(0, 0.3, out.shape)
    return out / out.std(1, keepdims=True)


def collection(notes_each):
    sounds = np.concatenate([play(i, notes_each) for i in range(6)])
    names = np.repeat(np.arange(6), notes_each)
    return TensorDataset(torch.tensor(sounds[:, None], dtype=torch.float32), torch.tensor(names))


class ToneNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 15, stride=2, padding=7)
        self.conv2 = nn.Conv1d(16, 32, 9, stride=2, padding=4)
        self.fc = nn.Linear(32, 6)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.mean(2))


train_loader = DataLoader(collection(200), batch_size=24, shuffle=True)
test_loader = DataLoader(collection(60), batch_size=120)
model = ToneNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.5)

for epoch in range(12):
    model.train()
    for sound, name in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(sound), name)
        loss.backward()
        optimizer.step()
    scheduler.step()
    model.eval()
    correct = 0
    with torch.no_grad():
        for sound, name in test_loader:
            correct += (model(sound).argmax(1) == name).sum().item()
    print(f"epoch {epoch:2d}: loss of last batch {loss.item():.3f}, test accuracy {correct / 360:.3f}")
print(f"final test accuracy {correct / 360:.4f}")
