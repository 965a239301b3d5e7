import argparse

import numpy as np
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--clip", type=float, default=1.0)
args = parser.parse_args()
np.random.seed(args.seed)
torch.manual_seed(args.seed)


def simulate(n, hours=40):
    wind = np.random.standard_t(3, size=(n, hours)) * 0.7
    pressure = np.cumsum(np.random.randn(n, hours), axis=1) / 6
    level = np.zeros(n)
    for h in range(hours):
        level = 0.93 * level + 0.3 * np.maximum(wind[:, h], 0.0) - 0.12 * pressure[:, h]
    x = np.stack([wind, pressure], axis=2)
    return torch.from_numpy(x).float(), torch.from_numpy(level).float().unsqueeze(1)


class SurgeRNN(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, nonlinearity="relu", batch_first=True)
        self.linear = nn.Linear(hidden, 1)
        nn.init.eye_(self.rnn.weight_hh_l0)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.linear(out[:, -1])


x_train, y_train = simulate(1600)
x_test, y_test = simulate(400)
model = SurgeRNN(args.hidden)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=14)

for epoch in range(14):
    perm = torch.randperm(len(x_train))
    total = 0.0
    for k in range(0, len(perm), 40):
        idx = perm[k : k + 40]
        optimizer.zero_grad()
        loss = criterion(model(x_train[idx]), y_train[idx])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        optimizer.step()
        total += loss.item()
    scheduler.step()
    if epoch % 3 == 0:
        print("epoch %d mse %.4f" % (epoch + 1, total / 40))

with torch.no_grad():
    mse = nn.functional.mse_loss(model(x_test), y_test).item()
print("variance explained: %.4f" % (1 - mse / y_test.var().item()))
