import argparse
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)

# cars waiting at the ferry, one value per hour
rng = np.random.default_rng(5)
hours = np.arange(2600)
series = 40 + 18 * np.sin(2 * np.pi * hours / 24) + 9 * np.sin(2 * np.pi * hours / 168 + 1)
drift = np.zeros(len(hours))
for i in range(1, len(hours)):
    drift[i] = 0.9 * drift[i - 1] + rng.normal(0, 2.0)
series = (series + drift).astype("float32")

split = 2000
mean, std = series[:split].mean(), series[:split].std()
series = (series - mean) / std


def windows(values, length=24):
    xs = np.stack([values[i : i + length] for i in range(len(values) - length)])
    ys = values[length:]
    return torch.from_numpy(xs).unsqueeze(-1), torch.from_numpy(ys)


x_train, y_train = windows(series[:split])
x_test, y_test = windows(series[split:])
train_loader = DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True)


class QueueModel(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(out[:, -1, :])


model = QueueModel()
loss_fn = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)

for epoch in range(12):
    total = 0.0
    for xb, yb in train_loader:
        pred = model(xb).squeeze(-1)
        loss = loss_fn(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
    print(f"Epoch {epoch + 1}/12, loss: {total / len(x_train):.4f}")

model.eval()
with torch.no_grad():
    forecast = model(x_test).numpy().ravel()
rmse = float(np.sqrt(np.mean((forecast - y_test.numpy()) ** 2))) * float(std)
print(f"test RMSE {rmse:.3f} cars")
