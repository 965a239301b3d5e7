"""Echo state network: a fixed random reservoir, only the readout is trained, one value ahead of a chaotic series."""
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def logistic_pair(n):
    a, b, out = 0.31, 0.72, []
    for _ in range(n):
        a, b = 3.85 * a * (1 - a), 0.7 * b + 0.3 * a
        out.append(b)
    return torch.tensor(out)


class Reservoir(nn.Module):
    def __init__(self, units=150, radius=0.6):
        super().__init__()
        recurrent = torch.randn(units, units) * (torch.rand(units, units) < 0.1)
        recurrent *= radius / torch.linalg.eigvals(recurrent).abs().max()
        self.recurrent = nn.Parameter(recurrent, requires_grad=False)
        self.inputs = nn.Parameter(torch.empty(units).uniform_(-2, 2), requires_grad=False)
        self.readout = nn.Linear(units, 1)

    def states(self, u):
        h, collected = torch.zeros(len(self.inputs)), []
        for value in u:
            h = torch.tanh(self.recurrent @ h + self.inputs * value)
            collected.append(h)
        return torch.stack(collected)

    def forward(self, h):
        return self.readout(h).squeeze(-1)


series = logistic_pair(1300)
series = (series - series.mean()) / series.std()
net = Reservoir()
with torch.no_grad():
    h = net.states(series[:-1])
target = series[1:]
h_train, t_train, h_test, t_test = h[100:1000], target[100:1000], h[1000:], target[1000:]

optimizer = torch.optim.Adam((p for p in net.parameters() if p.requires_grad), lr=0.01)
for step in range(500):
    i = torch.randint(0, len(h_train), (100,))
    loss = nn.functional.mse_loss(net(h_train[i]), t_train[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: {loss.item():.5f}")

with torch.no_grad():
    error = (net(h_test) - t_test).pow(2).mean() / t_test.var()
print(f"normalised test error {error.item():.5f}")
