"""An optimizer of one's own: momentum made orthogonal by a few matrix products."""

import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


def orthogonal(matrix, rounds=6):
    tall = matrix.shape[0] > matrix.shape[1]
    m = matrix.T if tall else matrix
    m = m / (m.norm() + 1e-8)
    for _ in range(rounds):
        square = m @ m.T
        m = 2.0 * m - 1.5 * square @ m + 0.5 * square @ (square @ m)
    return m.T if tall else m


class OrthogonalMomentum(torch.optim.Optimizer):
    def __init__(self, params, lr=0.05, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buffer = self.state[p].setdefault("buffer", torch.zeros_like(p))
                buffer.mul_(group["momentum"]).add_(p.grad)
                if p.ndim == 2:
                    p.sub_(group["lr"] * orthogonal(buffer))
                else:
                    p.sub_(0.05 * group["lr"] * buffer.sign())
        return closure() if closure else None


data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16 - 0.3
y = torch.tensor(data.target)
mix = torch.randperm(len(x))
x, y = x[mix], y[mix]
net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = OrthogonalMomentum(net.parameters(), lr=0.08)
steps = 330
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: 1 - i / (steps + 1))

for step in range(steps):
    rows = torch.randint(1300, (64,))
    loss = nn.functional.cross_entropy(net(x[rows]), y[rows], label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 30 == 29:
        with torch.no_grad():
            train = (net(x[:1300]).argmax(1) == y[:1300]).float().mean().item()
            test = (net(x[1300:]).argmax(1) == y[1300:]).float().mean().item()
        print(f"step {step + 1}: loss {loss.item():.3f}, train {train:.3f}, test {test:.3f}")
