import argparse

import numpy as np
import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--lr", type=float, default=3e-3)
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)

# a slow wave with a faster one on top, seen through a window of 24 values
t = np.arange(3000)
series = np.sin(t / 11.0) + 0.5 * np.sin(t / 3.7 + 1.0) + 0.05 * rng.standard_normal(len(t))
windows = np.stack([series[i : i + 24] for i in range(len(series) - 24)])
following = series[24:]
x = torch.tensor(windows, dtype=torch.float32).unsqueeze(-1)
y = torch.tensor(following, dtype=torch.float32)
n_train = 2400


class Forecaster(torch.nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.gru = torch.nn.GRU(1, hidden, batch_first=True)
        self.out = torch.nn.Linear(hidden, 1)

    def forward(self, window):
        states, _ = self.gru(window)
        return self.out(states[:, -1]).squeeze(-1)


net = Forecaster()
opt = torch.optim.Adam(net.parameters(), lr=args.lr)
for step in range(600):
    rows = torch.randint(0, n_train, (64,))
    loss = F.mse_loss(net(x[rows]), y[rows])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))

net.eval()
with torch.no_grad():
    mse = F.mse_loss(net(x[n_train:]), y[n_train:]).item()
print(f"test mse {mse:.5f}")
