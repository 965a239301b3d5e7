"""Echo state network on the Mackey-Glass series: the recurrent part stays random, only the readout learns."""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def mackey_glass(n, tau=17):
    x = [1.2] * (tau + 1)
    for _ in range(n + 300):
        x.append(x[-1] + 0.2 * x[-1 - tau] / (1 + x[-1 - tau] ** 10) - 0.1 * x[-1])
    return torch.tensor(x[-n:])


class Reservoir(nn.Module):
    def __init__(self, size=200, radius=0.9, leak=0.4):
        super().__init__()
        inner = torch.randn(size, size) * (torch.rand(size, size) < 0.1)
        inner *= radius / torch.linalg.eigvals(inner).abs().max()
        self.inner = nn.Parameter(inner, requires_grad=False)
        self.inp = nn.Parameter(torch.rand(size, 2) - 0.5, requires_grad=False)
        self.leak = leak
        self.readout = nn.Linear(size, 1)

    @torch.no_grad()
    def states(self, series):
        h, out = torch.zeros(self.inner.size(0)), []
        for value in series:
            u = self.inp @ torch.stack([value, torch.ones(())])
            h = (1 - self.leak) * h + self.leak * torch.tanh(self.inner @ h + u)
            out.append(h)
        return torch.stack(out)


series = mackey_glass(2400)
series = (series - series.mean()) / series.std()
net = Reservoir()
states = net.states(series[:-6])[100:]
target = series[106:]
mean, spread = states[:1500].mean(0), states[:1500].std(0)
states = (states - mean) / spread
optimizer = torch.optim.Adam(net.readout.parameters(), lr=3e-3)
for step in range(600):
    rows = torch.randint(0, 1500, (100,))
    loss = nn.functional.mse_loss(net.readout(states[rows]).squeeze(1), target[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        print(f"step {step + 1}: loss {loss.item():.4f}")
with torch.no_grad():
    error = (net.readout(states[1500:]).squeeze(1) - target[1500:]).pow(2).mean().sqrt()
print(f"six steps ahead, normalised rmse {error:.4f} (last value kept: "
      f"{(series[1600:-6] - target[1500:]).pow(2).mean().sqrt():.4f})")
