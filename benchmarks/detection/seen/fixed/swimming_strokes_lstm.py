# Which stroke is being swum, from a wrist sensor with three axes.
import argparse
import os

import numpy as np
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--epochs", type=int, default=12)
args = parser.parse_args()
rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)

STROKES = ["crawl", "back", "breast", "butterfly"]


def make_strokes(n):
    t = np.linspace(0, 1, 30)[None, :]
    label = rng.integers(0, 4, n)
    speed = rng.uniform(1.6, 2.4, (n, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    lag = np.array([0.0, 1.6, 3.1, 0.8])[label][:, None]
    second = np.array([0.1, 0.3, 0.9, 0.6])[label][:, None]
    angle = 2 * np.pi * speed * t + phase
    x = np.sin(angle)
    y = np.sin(angle + lag)
    z = second * np.sin(2 * angle) + 0.3 * np.cos(angle)
    waves = np.stack([x, y, z], axis=2) + rng.normal(0, 0.15, (n, 30, 3))
    return torch.tensor(waves, dtype=torch.float32), torch.tensor(label)


class StrokeClassifier(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(3, hidden, batch_first=True)
        self.out = nn.Linear(hidden, len(STROKES))

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        return self.out(h[-1])


x_train, y_train = make_strokes(1000)
x_test, y_test = make_strokes(400)
train_loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(x_train, y_train), batch_size=40, shuffle=True
)
model = StrokeClassifier()
for param in model.parameters():
    nn.init.uniform_(param, -0.25, 0.25)

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

for epoch in range(args.epochs):
    for waves, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(waves), label)
        loss.backward()
        optimizer.step()
    print(f"Epoch: {epoch}, loss: {loss.item():.4f}")

model.eval()
with torch.no_grad():
    predicted = model(x_test).argmax(dim=1)
print(f"test accuracy {(predicted == y_test).float().mean().item():.4f}")
