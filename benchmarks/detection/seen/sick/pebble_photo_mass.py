"""How heavy is a cobble, seen from above? Small grey pictures, mass in milligrams."""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--lr", type=float, default=2e-3)
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)


def photograph(count):
    yy, xx = np.mgrid[-1:1:14j, -1:1:14j]
    pictures, masses = [], []
    for _ in range(count):
        a, b = rng.uniform(0.25, 0.8, 2)
        turn = rng.uniform(0, np.pi)
        cx, cy = rng.uniform(-0.15, 0.15, 2)
        u = (xx - cx) * np.cos(turn) + (yy - cy) * np.sin(turn)
        v = -(xx - cx) * np.sin(turn) + (yy - cy) * np.cos(turn)
        body = 1 / (1 + np.exp(8 * ((u / a) ** 2 + (v / b) ** 2 - 1)))
        pictures.append(body + rng.normal(0, 0.08, body.shape))
        masses.append(260000 * a * b * min(a, b) * rng.normal(1, 0.05))
    pictures = torch.tensor(np.array(pictures), dtype=torch.float32)
    return pictures[:, None], torch.tensor(masses, dtype=torch.float32)


class MassNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Linear(16 * 7 * 7, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, x):
        return self.head(self.features(x)).squeeze(1)


x_train, y_train = photograph(1200)
x_test, y_test = photograph(400)
model = MassNet()
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
criterion = nn.MSELoss()

for epoch in range(args.epochs):
    model.train()
    total = 0.0
    for rows in torch.randperm(len(x_train)).split(args.batch_size):
        loss = criterion(model(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    model.eval()
    with torch.no_grad():
        guess = model(x_test)
        r2 = 1 - ((guess - y_test) ** 2).mean() / y_test.var(unbiased=False)
    print(f"epoch {epoch + 1:2d}  train loss {total / len(x_train):.4g}  R2 on new pebbles {r2.item():.3f}")
print(f"test R2 {r2.item():.4f}")
