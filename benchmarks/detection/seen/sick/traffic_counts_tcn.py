import os

import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

# two months of hourly vehicle counts at one detector
hours = np.arange(24 * 60)
day = np.exp(-((hours % 24 - 8) ** 2) / 6) + 0.8 * np.exp(-((hours % 24 - 17) ** 2) / 8)
weekday = np.where((hours // 24) % 7 < 5, 1.0, 0.5)
drift = np.convolve(rng.normal(size=len(hours) + 11), np.ones(12) / 12, mode="valid")
counts = 400 * day * weekday * (1 + 0.4 * drift) + 30 + 10 * rng.normal(size=len(hours))
split = 24 * 45
series = torch.tensor((counts - counts[:split].mean()) / counts[:split].std(), dtype=torch.float32)

WINDOW = 32


def windows(s):
    w = s.unfold(0, WINDOW + 1, 1)
    return w[:, None, :WINDOW], w[:, WINDOW:]


x_train, y_train = windows(series[:split])
x_test, y_test = windows(series[split - WINDOW:])


class CausalConv(nn.Module):
    def __init__(self, cin, cout, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.conv = nn.Conv1d(cin, cout, 3, dilation=dilation)

    def forward(self, x):
        return torch.relu(self.conv(nn.functional.pad(x, (self.pad, 0))))


class TCN(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.layers = nn.ModuleList(
            [CausalConv(1 if d == 1 else width, width, d) for d in (1, 2, 4, 8)]
        )
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x[:, :, -1])


model = TCN()
criterion = nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

for epoch in range(25):
    total = 0.0
    order = torch.randperm(len(x_train))
    for i in range(0, len(order), 40):
        idx = order[i:i + 40]
        loss = criterion(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        total += loss.item()
    if epoch % 4 == 0:
        print(f"epoch {epoch} mse {total / len(order):.4f}")

model.eval()
with torch.no_grad():
    rmse = (model(x_test) - y_test).pow(2).mean().sqrt().item()
print(f"test rmse {rmse:.4f}")
