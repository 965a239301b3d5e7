"""One step ahead forecast of a noisy sum of two sines with an LSTM."""
import argparse

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=12)
parser.add_argument("--window", type=int, default=20)
args = parser.parse_args()
torch.manual_seed(args.seed)

t = np.arange(0, 1200)
rng = np.random.RandomState(3)
series = np.sin(0.11 * t) + 0.5 * np.sin(0.31 * t) + 0.05 * rng.randn(len(t))
series = (series - series.mean()) / series.std()


def windows(data, length):
    xs, ys = [], []
    for i in range(len(data) - length):
        xs.append(data[i : i + length])
        ys.append(data[i + length])
    return torch.tensor(np.array(xs), dtype=torch.float32).unsqueeze(-1), torch.tensor(
        np.array(ys), dtype=torch.float32
    ).unsqueeze(-1)


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1])


x_train, y_train = windows(series[:900], args.window)
x_test, y_test = windows(series[900:], args.window)

net = Forecaster()
loss_fn = nn.MSELoss()
opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)

batch = 40
opt.zero_grad()
for epoch in range(args.epochs):
    net.train()
    order = torch.randperm(len(x_train))
    total = 0.0
    for start in range(0, len(order), batch):
        idx = order[start : start + batch]
        loss = loss_fn(net(x_train[idx]), y_train[idx])
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    print("epoch %d mse %.4f" % (epoch, total / len(order)))

net.eval()
with torch.no_grad():
    print("test mse: %.4f" % loss_fn(net(x_test), y_test).item())
