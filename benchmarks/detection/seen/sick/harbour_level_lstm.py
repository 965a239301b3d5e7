import argparse

import numpy as np
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--window", type=int, default=24)
args = parser.parse_args()
np.random.seed(args.seed)
torch.manual_seed(args.seed)

# hourly water level at three gauges, in centimetres
hours = np.arange(1800)
tide = 120 * np.sin(2 * np.pi * hours / 12.42) + 45 * np.sin(2 * np.pi * hours / 12.0 + 0.7)
surge = np.zeros(len(hours))
for h in range(1, len(hours)):
    surge[h] = 0.96 * surge[h - 1] + np.random.randn() * 8
level = np.stack([tide + surge, 0.8 * np.roll(tide, 1) + 1.1 * surge, 1.2 * np.roll(tide, 2) + 0.9 * surge], 1)
level += np.random.randn(*level.shape) * 3
level = level[5:]

split = 1400
mean, std = level[:split].mean(0), level[:split].std(0)
z = torch.tensor((level - mean) / std, dtype=torch.float32)


def windows(part):
    x = torch.stack([part[i : i + args.window] for i in range(len(part) - args.window)])
    return x, part[args.window :]


x_train, y_train = windows(z[:split])
x_test, y_test = windows(z[split:])


class LevelModel(nn.Module):
    def __init__(self, gauges=3):
        super().__init__()
        self.encoder = nn.LSTM(gauges, 24, batch_first=True)
        self.decoder = nn.LSTM(24, gauges, batch_first=True)

    def forward(self, x):
        h, _ = self.encoder(x)
        out, _ = self.decoder(h)
        return out[:, -1]


model = LevelModel()
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
for epoch in range(10):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(40):
        loss = nn.functional.mse_loss(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        error = (model(x_test) - y_test).pow(2).mean(0).sqrt() * torch.tensor(std, dtype=torch.float32)
    print(f"epoch {epoch + 1:2d} mse {total / len(x_train):.4f} rmse per gauge " + " ".join(f"{e:.1f}" for e in error.tolist()))

print(f"rmse {error.mean().item():.3f} cm")
