import argparse

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import recall_score
from torch import nn


def signals(n, rng):
    """Vibrations of a machine: running, idling, or with a worn bearing (2 in 100)."""
    state = rng.choice(3, size=n, p=[0.58, 0.40, 0.02])
    t = np.linspace(0, 1, 48)
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    rate = np.array([6.0, 2.5, 6.0])[state][:, None]
    wave = np.sin(2 * np.pi * rate * t + phase)
    wear = 0.45 * np.sin(2 * np.pi * 15 * t + rng.uniform(0, 2 * np.pi, (n, 1)))
    wave = wave + wear * (state == 2)[:, None] + rng.normal(0, 0.6, (n, 48))
    return torch.tensor(wave, dtype=torch.float32)[:, None], torch.tensor(state)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 12, 7, padding=3)
        self.conv2 = nn.Conv1d(12, 16, 5, padding=2)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x)).mean(2)
        return self.fc(x)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(5)
x, y = signals(3600, rng)
x_test, y_test = signals(2000, rng)

model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(8):
    for idx in torch.randperm(len(x)).split(60):
        optimizer.zero_grad()
        loss = criterion(model(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")
with torch.no_grad():
    guess = model(x_test).argmax(1)
print(f"accuracy {(guess == y_test).float().mean().item():.4f}")
print(f"mean recall {recall_score(y_test, guess, average='macro'):.4f}")
